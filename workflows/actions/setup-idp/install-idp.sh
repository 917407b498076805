#!/usr/bin/env bash
# Make `idp`, as the checkout that this script lies in has it, RUNNER_TEMP/idp/bin/idp, once a job. It runs from there:
# nothing is built, so that no tool to build it has to be fetched.
set -euo pipefail
actions=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
platform=$(cd "$actions/../.." && pwd)
folder="$RUNNER_TEMP/idp"
if [ -x "$folder/bin/idp" ]; then exit; fi
"$actions/install.sh" "$folder" "$platform/requirements.txt"
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$platform" > "$packages/idp.pth"
# -P: nothing in the folder where it is called is taken for a module of it.
# shellcheck disable=SC2016 # the new script expands it
printf '#!/bin/sh\nexec "${0%%/*}/python" -P -m idp "$@"\n' > "$folder/bin/idp"
chmod +x "$folder/bin/idp"
