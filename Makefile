# Everything that is done with gaol's source. `make help` lists it.
# Each target does all of its own set-up, on a fresh Debian machine, as root or
# through sudo.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PREFIX  ?= /usr/local
DESTDIR ?=
UNITDIR ?= /etc/systemd/system

export CGO_ENABLED = 0
BUILD = $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"

.DEFAULT_GOAL := build

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: build
build: ## build the binary ./gaol
	$(BUILD) -o gaol ./cmd/gaol

.PHONY: demo
demo: build ## see the whole job in a network of its own: login page, attacker, ban, unban
	./gaol demo

.PHONY: run
run: build ## run on this host's logs, observing only; ENFORCE=1 bans
	.ci/as-root ./gaol run $(if $(filter 1,$(ENFORCE)),,--observe)

.PHONY: test
test: ## run all tests and checks; installs what they need
	.ci/test

.PHONY: quick-test
quick-test: ## run the tests, without those that lack root or a program here
	$(GO) test ./...

.PHONY: system-test
system-test: ## boot a systemd container with sshd and gaol, and attack it
	.ci/as-root .ci/system-test

.PHONY: record
record: ## make every service that a recording script knows refuse logins, and read what it logs
	.ci/as-root env GAOL_RECORD_ALL=yes $(GO) test -count=1 -timeout 3h -parallel 6 -v -run TestFiltersReadWhatServicesLog ./examples/record

.PHONY: bench
bench: build ## measure gaol beside other programs; PERFORMANCE.md explains
	$(GO) run ./examples/bench -compare ./gaol
	$(GO) test -run '^$$' -bench . ./examples/bench ./filter/...
	$(GO) test -run '^$$' -bench . ./jail ./jail/store
	$(GO) test -run '^$$' -bench 'Restart|TrackedHosts' -benchtime 1x ./cmd/internal/daemon
	$(GO) test -p 1 -run '^$$' -bench Load -benchtime 5x ./action/iptables ./action/nftables ./action/route
	$(GO) test -p 1 -run '^$$' -bench List -benchtime 1x ./action/iptables ./action/nftables
	$(GO) test -run '^$$' -bench . ./action/denylist
	$(GO) test -run '^$$' -bench . -benchtime 3x ./action/flows ./action/established
	GAOL_LATENCY_BANS=1000 GAOL_AT_ONCE_BANS=50000 $(GO) test -timeout 30m -run 'Latency|AtOnce' -v ./cmd/internal/daemon
	GAOL_LOSSES=100 $(GO) test -p 1 -timeout 90m -run 'TestLosses' -v ./action/iptables ./action/nftables
	GAOL_ADDRESSES=10000000 $(GO) test -run AddressesAgainstNetip -v ./filter

.PHONY: install
install: build ## install binary, unit, man pages and completion below $(DESTDIR)$(PREFIX)
	install -D -m 0755 gaol $(DESTDIR)$(PREFIX)/bin/gaol
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@BIN@|$(PREFIX)/bin|' cmd/gaol/gaol.service > $(DESTDIR)$(UNITDIR)/gaol.service
	install -d $(DESTDIR)/usr/lib/sysusers.d
	echo 'g gaol - -' > $(DESTDIR)/usr/lib/sysusers.d/gaol.conf
	if [ -z "$(DESTDIR)" ] && command -v systemd-sysusers >/dev/null; then systemd-sysusers gaol.conf; fi
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	./gaol man $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	./gaol completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gaol
	./gaol completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gaol
	./gaol completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gaol.fish

.PHONY: uninstall
uninstall: ## remove what install has put there; configuration and bans stay
	rm -f $(DESTDIR)$(PREFIX)/bin/gaol $(DESTDIR)$(UNITDIR)/gaol.service $(DESTDIR)/usr/lib/sysusers.d/gaol.conf \
		$(DESTDIR)$(PREFIX)/share/man/man1/gaol.1 $(DESTDIR)$(PREFIX)/share/man/man1/gaol-*.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gaol \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_gaol \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gaol.fish

.PHONY: clean
clean: ## remove what was built
	rm -rf gaol dist
