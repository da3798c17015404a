package control

import _ "embed"

// OpenAPI is the description of the API, an OpenAPI 3.1 document in JSON. The daemon
// serves it at /v1/openapi.json.
//
//go:embed openapi.json
var OpenAPI []byte
