import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/** Makes a trust store of a PEM bundle, for the build of the image: {@code java TrustStore.java ca.crt ca.p12}. */
class TrustStore {
    public static void main(String[] files) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (var bundle = new FileInputStream(files[0]);
                var made = new FileOutputStream(files[1])) {
            int number = 0;
            for (Certificate authority :
                    CertificateFactory.getInstance("X.509").generateCertificates(bundle)) {
                store.setCertificateEntry("ca-" + number++, authority);
            }
            store.store(made, "changeit".toCharArray());
        }
    }
}
