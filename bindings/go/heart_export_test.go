package runner

// WithoutPoller has the driver wait in C, as it does where Go cannot wait for the loop's descriptor.
func WithoutPoller() Option {
	return func(o *options) { o.inCore = true }
}
