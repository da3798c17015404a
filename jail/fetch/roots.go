package fetch

import (
	"crypto/x509"
	"fmt"
	"os"
)

// Roots are the certificates to trust: the system's (nil), with those of the file ca added if it is given.
func Roots(ca string) (*x509.CertPool, error) {
	if ca == "" {
		return nil, nil
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading certificates: %s has none in PEM", ca)
	}
	return roots, nil
}
