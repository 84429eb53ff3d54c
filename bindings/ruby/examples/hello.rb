# frozen_string_literal: true

# Press Ctrl-C while it sleeps: the task is cancelled, may clean up, and Interrupt comes out of run.
require "librunner"

greeting = Librunner.run do
  sleep 1
  "hello world"
end
puts greeting
