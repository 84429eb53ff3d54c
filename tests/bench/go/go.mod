module example.org/librunner/bench

go 1.24.0

require (
	example.org/librunner/go v0.0.0
	golang.org/x/sync v0.19.0
)

replace example.org/librunner/go => ../../../bindings/go
