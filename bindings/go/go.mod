module example.org/librunner/go

go 1.24
