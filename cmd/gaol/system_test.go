//go:build system

// The test on a booted system: Debian with systemd and sshd in a container,
// gaol installed as `make install` does it, real logins refused by the real sshd, read
// from the journal. Run it with `make system-test`.
package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// baseSystem is where the root directory is kept that copies are booted of.
	baseSystem = "/var/cache/gaol-system-test/bookworm"

	serverIP   = "192.0.2.1"
	attackerIP = "192.0.2.66"
	friendIP   = "192.0.2.7"
)

func TestSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("booting a container needs root: use make system-test")
	}
	root := installedSystem(t)
	m := boot(t, root)
	attacker, friend := m.plug(t, "attacker", attackerIP), m.plug(t, "friend", friendIP)

	t.Run("the service is up and sandboxed", func(t *testing.T) {
		m.eventually(t, "systemctl", "is-active", "gaol")
		var status struct {
			Jails []struct {
				Name    string
				Sources []struct{ Path string }
				Actions []struct {
					Healthy bool
					Problem string
				}
				Problems []string
			}
			Problems []string
		}
		m.json(t, &status, "gaol", "status", "--json")
		if len(status.Jails) != 1 || status.Jails[0].Name != "sshd" || len(status.Problems) > 0 || len(status.Jails[0].Problems) > 0 {
			t.Fatalf("status should show the jail sshd and no problem: %+v", status)
		}
		caps := m.run(t, "sh", "-c", "grep CapEff /proc/$(systemctl show -p MainPID --value gaol)/status")
		// CAP_DAC_READ_SEARCH is bit 2, CAP_NET_ADMIN bit 12 (linux/capability.h).
		if !strings.Contains(caps, "0000000000001004") {
			t.Errorf("the daemon should have two capabilities only: %s", caps)
		}
		if owner := m.run(t, "stat", "-c", "%U %G %a", "/run/gaol/gaol.sock"); strings.TrimSpace(owner) != "root gaol 660" {
			t.Errorf("socket: got %q, want root gaol 660", owner)
		}
	})
	t.Run("refused logins lead to a ban", func(t *testing.T) {
		friend.mustConnect(t)
		for range 4 {
			attacker.failLogin(t)
		}
		attacker.failForGood(t)
		m.eventually(t, "gaol", "banned", attackerIP)
		attacker.mustBeRefused(t)
		friend.mustConnect(t)
	})
	t.Run("a reload keeps it", func(t *testing.T) {
		m.run(t, "systemctl", "reload", "gaol")
		attacker.mustBeRefused(t)
	})
	t.Run("a killed daemon keeps it", func(t *testing.T) {
		m.run(t, "systemctl", "kill", "-s", "KILL", "gaol")
		m.eventually(t, "gaol", "banned", attackerIP)
		attacker.mustBeRefused(t)
	})
	t.Run("a stop lifts it and a start restores it", func(t *testing.T) {
		m.run(t, "systemctl", "stop", "gaol")
		attacker.mustConnect(t)
		m.run(t, "systemctl", "start", "gaol")
		attacker.mustBeRefused(t)
	})

	t.Run("the README's commands do what it says", func(t *testing.T) { followReadme(t, m, root) })

	m.powerOff(t)
	m = boot(t, root)
	attacker, friend = m.plug(t, "attacker", attackerIP), m.plug(t, "friend", friendIP)
	t.Run("a reboot keeps it", func(t *testing.T) {
		m.eventually(t, "gaol", "banned", attackerIP)
		attacker.mustBeRefused(t)
		friend.mustConnect(t)
	})
	t.Run("an unban lets in again", func(t *testing.T) {
		m.run(t, "gaol", "unban", attackerIP)
		attacker.mustConnect(t)
	})
}

// followReadme runs the README's commands in their order, with its pieces of configuration. What make does with the
// source is shown elsewhere.
func followReadme(t *testing.T, m *machine, root string) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("etc/systemd/system/fail2ban.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n")
	write("var/log/django/auth.log", "2026-03-10T21:31:23+0100 ERROR Login failure 192.0.2.99\n")
	m.run(t, "systemctl", "daemon-reload")
	m.run(t, "systemctl", "enable", "--now", "fail2ban")

	commands := 0
	for i, block := range codeBlocks(string(text)) {
		if block.language == "toml" {
			write(fmt.Sprintf("etc/gaol/conf.d/%d.toml", i), block.text)
		}
		if block.language != "sh" {
			continue
		}
		for line := range strings.Lines(block.text) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "make ") {
				continue
			}
			m.run(t, "sh", "-ec", line)
			commands++
		}
	}
	if commands < 10 {
		t.Errorf("the README has only %d commands: is it read well?", commands)
	}
	host(t, "rm", "-rf", filepath.Join(root, "etc/gaol/conf.d"))
	m.run(t, "gaol", "reload")
}

// codeBlock is a piece of a Markdown text between fences.
type codeBlock struct{ language, text string }

func codeBlocks(text string) []codeBlock {
	var blocks []codeBlock
	for i, part := range strings.Split("\n"+text, "\n```") {
		if i%2 == 1 {
			language, body, _ := strings.Cut(part, "\n")
			blocks = append(blocks, codeBlock{language, body})
		}
	}
	return blocks
}

// installedSystem returns a root directory with gaol installed and enabled.
func installedSystem(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(baseSystem); err != nil {
		building := baseSystem + ".new"
		host(t, "rm", "-rf", building)
		host(t, "mkdir", "-p", filepath.Dir(baseSystem))
		host(t, "debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,iptables,ipset,iproute2,openssh-server,procps",
			"bookworm", building)
		host(t, "mv", building, baseSystem)
	}
	root := filepath.Join(t.TempDir(), "root")
	host(t, "cp", "-a", baseSystem, root)
	host(t, "make", "-C", "../..", "install", "DESTDIR="+root, "PREFIX=/usr", "UNITDIR=/etc/systemd/system")
	host(t, "systemd-sysusers", "--root="+root)
	host(t, "systemctl", "--root="+root, "enable", "gaol", "ssh")
	host(t, "sh", "-c", "echo root:right | chroot "+root+" chpasswd")
	config := "PermitRootLogin yes\nPasswordAuthentication yes\nUseDNS no\n"
	if err := os.WriteFile(filepath.Join(root, "etc/ssh/sshd_config.d/test.conf"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

// host runs a command on the testing host.
func host(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// machine is a booted container.
type machine struct {
	nspawn *exec.Cmd
	// init is the process id of the container's first process.
	init string
}

func boot(t *testing.T, root string) *machine {
	t.Helper()
	console, err := os.Create(filepath.Join(t.TempDir(), "console"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{nspawn: exec.Command("systemd-nspawn", "--register=no", "--keep-unit", "-D", root, "-b",
		"--private-network", "--console=passive")}
	m.nspawn.Stdout, m.nspawn.Stderr = console, console
	if err := m.nspawn.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.end() })
	within(t, time.Minute, "the container has a first process", func() error {
		out, err := exec.Command("pgrep", "-P", strconv.Itoa(m.nspawn.Process.Pid)).Output()
		m.init = strings.TrimSpace(string(out))
		return err
	})
	within(t, 2*time.Minute, "the container is up", func() error {
		out, err := m.command("systemctl", "is-system-running").CombinedOutput()
		if slices.Contains([]string{"running", "degraded"}, strings.TrimSpace(string(out))) {
			return nil
		}
		return fmt.Errorf("%w: %s", err, out)
	})
	m.eventually(t, "systemctl", "is-active", "ssh")
	return m
}

func (m *machine) end() {
	if m.nspawn.ProcessState == nil {
		_ = m.nspawn.Process.Kill()
		_ = m.nspawn.Wait()
	}
}

func (m *machine) powerOff(t *testing.T) {
	t.Helper()
	// The connection to the container's systemd may end before the answer.
	_ = m.command("systemctl", "poweroff").Run()
	done := make(chan error, 1)
	go func() { done <- m.nspawn.Wait() }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the container did not power off")
	}
}

func (m *machine) command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", m.init, "-a"}, args...)...)
}

func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := m.command(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("in the container: %s: %v\n%s\n%s", strings.Join(args, " "), err, out, m.log())
	}
	return string(out)
}

func (m *machine) eventually(t *testing.T, args ...string) {
	t.Helper()
	within(t, 20*time.Second, strings.Join(args, " "), func() error {
		out, err := m.command(args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s\n%s", err, out, m.log())
		}
		return nil
	})
}

func (m *machine) json(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(m.run(t, args...)), into); err != nil {
		t.Fatal(err)
	}
}

// log is what gaol has said, for the message of a failed test.
func (m *machine) log() []byte {
	out, _ := m.command("journalctl", "-u", "gaol", "-n", "30", "--no-pager").CombinedOutput()
	return out
}

// client is a host with an own network namespace and a cable to the container.
type client struct{ name string }

func (m *machine) plug(t *testing.T, name, address string) client {
	t.Helper()
	c := client{fmt.Sprintf("gaol-%s-%d", name, os.Getpid())}
	near := "to-" + name
	_ = exec.Command("ip", "netns", "del", c.name).Run()
	host(t, "ip", "netns", "add", c.name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", c.name).Run() })
	host(t, "ip", "-n", c.name, "link", "add", "eth0", "type", "veth", "peer", "name", near, "netns", m.init)
	host(t, "ip", "-n", c.name, "addr", "add", address+"/32", "dev", "eth0")
	host(t, "ip", "-n", c.name, "link", "set", "eth0", "up")
	host(t, "ip", "-n", c.name, "route", "add", serverIP, "dev", "eth0")
	m.run(t, "ip", "addr", "add", serverIP+"/32", "dev", near)
	m.run(t, "ip", "link", "set", near, "up")
	m.run(t, "ip", "route", "add", address, "dev", near)
	return c
}

// ssh tries to log in as root, with the given password, and returns what ssh says.
func (c client) ssh(t *testing.T, password string) (string, error) {
	t.Helper()
	ask := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho '"+password+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ip", "netns", "exec", c.name, "ssh", "-o", "StrictHostKeyChecking=no",
		"-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=password",
		"-o", "ConnectTimeout=3", "root@"+serverIP, "true")
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (c client) failLogin(t *testing.T) {
	t.Helper()
	out, err := c.ssh(t, "wrong")
	if err == nil || !strings.Contains(out, "Permission denied") {
		t.Fatalf("a login with a wrong password should be denied: %v: %s", err, out)
	}
}

// failForGood is the login that leads to a ban, which ends its connection: the answer may be read before that, or not.
func (c client) failForGood(t *testing.T) {
	t.Helper()
	out, err := c.ssh(t, "wrong")
	if err == nil || !strings.Contains(out, "Permission denied") && !strings.Contains(out, "Connection reset") {
		t.Fatalf("a login with a wrong password should be denied or its connection reset: %v: %s", err, out)
	}
}

func (c client) mustConnect(t *testing.T) {
	t.Helper()
	if out, err := c.ssh(t, "right"); err != nil {
		t.Fatalf("%s should be served: %v: %s", c.name, err, out)
	}
}

func (c client) mustBeRefused(t *testing.T) {
	t.Helper()
	within(t, 10*time.Second, c.name+" is refused", func() error {
		out, err := c.ssh(t, "right")
		if err == nil {
			return errors.New("served")
		}
		if !strings.Contains(out, "Connection refused") {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

// within waits until f succeeds.
func within(t *testing.T, limit time.Duration, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
