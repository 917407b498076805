package bare;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** The peer: the same routes as Spring's starter makes them. No logs of requests, no metrics, no request IDs. */
@SpringBootApplication
@RestController
public class Bare {
    private final Map<Long, Item> items = new ConcurrentHashMap<>();

    record NewItem(String name) {}

    record Item(long id, String name) {}

    public static void main(String[] arguments) {
        SpringApplication.run(Bare.class, arguments);
    }

    @GetMapping("/health/ready")
    Map<String, String> ready() {
        return Map.of("status", "ready");
    }

    @PostMapping("/items")
    @ResponseStatus(HttpStatus.CREATED)
    Item make(@RequestBody NewItem item) {
        Item made = new Item(items.size() + 1L, item.name());
        items.put(made.id(), made);
        return made;
    }

    @GetMapping("/items/{id}")
    Item read(@PathVariable("id") long id) {
        Item found = items.get(id);
        if (found == null) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
        return found;
    }
}
