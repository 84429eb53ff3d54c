module example.org/librunner/conformance

go 1.24

require example.org/librunner/go v0.0.0

replace example.org/librunner/go => ../../go
