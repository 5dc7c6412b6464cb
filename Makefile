# `make demo` and `make test` are all that a fresh Debian 12 machine with Rust needs; both install missing packages first.

CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
# Seconds for each fuzz target.
FUZZ_SECS ?= 60

TARGET = $(or $(CARGO_TARGET_DIR),target)
BINARY = $(TARGET)/release/entrywatch
SHARE = $(DESTDIR)$(PREFIX)/share
LIB = $(DESTDIR)$(PREFIX)/lib

.DEFAULT_GOAL := help
.PHONY: help demo test build bench fuzz licences pictures install

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: build ## Build, then follow the bundled samples from file to mail; needs no configuration
	$(BINARY) demo

# Property tests try the same cases in every run of `make test`, so that a change is judged by itself; `cargo test` tries others
# each time.
test: export PROPTEST_RNG_SEED = 20261123
# With this set, a test that needs a real server fails without one instead of being skipped.
test: export ENTRYWATCH_REQUIRE_SERVERS = 1
test: ## Check format, lints and documentation, then run every test
	@scripts/packages.sh test
	@sh tests/support/setup_venv.sh $(abspath $(TARGET))/test-venv
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps
	@if $(CARGO) nextest --version > /dev/null 2>&1; then \
		set -x; $(CARGO) test --locked --doc && $(CARGO) nextest run --locked --no-fail-fast; \
	else \
		set -x; $(CARGO) test --locked --no-fail-fast; \
	fi

build: ## Build the release binary
	@scripts/packages.sh build
	$(CARGO) build --locked --release

bench: ## Measure decoding, replay and the rest
	@scripts/packages.sh build
	$(CARGO) bench --locked

fuzz: ## Feed random bytes to everything that reads foreign bytes (FUZZ_SECS=60 each; needs cargo-fuzz)
	@for target in abi x12 json csv families sets config grammar; do \
		mkdir -p "fuzz/found/$$target"; \
		RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run "$$target" "fuzz/found/$$target" "fuzz/corpus/$$target" -- \
			-max_total_time=$(FUZZ_SECS) || exit 1; done

pictures: ## Show the default mails in a real browser (headless Chromium), into docs/pictures (MAILS="hold over" for some)
	@scripts/packages.sh pictures
	scripts/pictures.py "$$(command -v chromium-headless-shell || command -v chromium)" docs/pictures $(MAILS)

licences: ## Check the licences and sources of all dependencies (needs cargo-deny)
	$(CARGO) deny --offline check licenses bans sources

install: ## Install what `make build` made (PREFIX=/usr/local DESTDIR=)
	@[ -x $(BINARY) ] || { echo 'There is no $(BINARY) yet; run `make build` first, not as root.' >&2; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/entrywatch
	install -d $(LIB)/systemd/system $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
		$(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	sed 's#/usr/bin/entrywatch#$(PREFIX)/bin/entrywatch#' systemd/entrywatch.service \
		> $(LIB)/systemd/system/entrywatch.service
	chmod 644 $(LIB)/systemd/system/entrywatch.service
	install -D -m 644 systemd/entrywatch.sysusers $(LIB)/sysusers.d/entrywatch.conf
	install -D -m 644 systemd/entrywatch.tmpfiles $(LIB)/tmpfiles.d/entrywatch.conf
	install -D -m 644 -t $(SHARE)/doc/entrywatch/examples config.toml systemd/entrywatch.service.d/*.example
	$(BINARY) man > $(SHARE)/man/man1/entrywatch.1
	$(BINARY) completions bash > $(SHARE)/bash-completion/completions/entrywatch
	$(BINARY) completions zsh > $(SHARE)/zsh/site-functions/_entrywatch
	$(BINARY) completions fish > $(SHARE)/fish/vendor_completions.d/entrywatch.fish
