# `make run` as `idp check --live` calls it, for an image: the same variables, a container instead of a process.
# make reads this file before the service's own, which keeps all other targets. The image's own health check stays off: its
# requests would stand in the log among those that idp sends and compares.
SHELL := /bin/sh
VARIABLES := $(shell sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' .env.example 2>/dev/null) IDP_CHECK_RUN HOST PORT \
	SERVICE_NAME ENVIRONMENT LOG_LEVEL CONTRACT_PROBE CONFIG_PROVIDER DRAIN_SECONDS SHUTDOWN_GRACE_SECONDS

.PHONY: run test lint image
run:
	@exec docker run --rm --network=host --no-healthcheck --read-only --tmpfs=/tmp --cap-drop=ALL --security-opt=no-new-privileges \
		$(foreach variable,$(sort $(VARIABLES)),--env=$(variable)) "$$IMAGE"

test lint image:
	@$(MAKE) -f Makefile $@
