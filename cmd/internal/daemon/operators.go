package daemon

import (
	"errors"
	"net/netip"

	"gaol/cmd/internal/control"
	"gaol/config"
	"gaol/jail"
)

// openMemory reads what is kept beside the store: who was ignored, and who uses gaol. Without a
// store nothing is kept.
func (d *Daemon) openMemory(conf *config.Config) {
	var fault error
	if d.store == nil {
		d.operators, fault = jail.OpenOperators("", conf.Operators)
	} else {
		var unread error
		d.memory, unread = jail.OpenIgnoreMemory(conf.Store.Path + ".ignored")
		d.operators, fault = jail.OpenOperators(conf.Store.Path+".operators", conf.Operators)
		fault = errors.Join(unread, fault)
	}
	d.showFault("memory:opening", fault)
}

// saveMemory keeps what has changed of it.
func (d *Daemon) saveMemory() {
	d.showFault("memory", errors.Join(d.memory.Save(), d.operators.Save()))
}

func (d *Daemon) showFault(key string, fault error) {
	text := ""
	if fault != nil {
		text = fault.Error()
	}
	d.problems.set("", key, text)
}

// NoteOperator implements what package control asks of a daemon that cares who uses it.
func (d *Daemon) NoteOperator(addr netip.Addr) {
	if d.operators.See(addr, d.opts.Now()) {
		d.log.Info("noted an operator, who is not banned", "host", addr)
	}
}

// listOperators is who uses gaol, for status.
func (d *Daemon) listOperators() []control.Operator {
	list := []control.Operator{}
	for _, o := range d.operators.List() {
		list = append(list, control.Operator{Address: o.Address.String(), Until: o.Until})
	}
	return list
}
