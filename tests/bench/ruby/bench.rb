# frozen_string_literal: true

# ruby bench.rb PEER OPERATION [SECONDS]
#
# Measures one operation of one peer, in a process of its own, and prints a line, or more, of peer,
# operation, value and unit, separated by tabs. ../OPS.md explains the operations. Those that repeat
# are repeated more and more often until they take SECONDS, default 0.2; the last time is what counts.
# For echo and http, run it as the COMMAND of server.c. Exit status 77: this peer has no such thing.

require_relative "plain"

PEERS = %w[librunner async async_io fibers threads].freeze

def repeated(operation, enough)
  count = 1_000
  loop do
    GC.start
    seconds, operations = Peer.public_send(operation, count)
    return seconds / operations if seconds >= enough

    count *= seconds * 8 < enough ? 4 : 2
  end
end

# After a first time, which finds code and memory.
def per_second(operation)
  Peer.public_send(operation, 0)
  GC.start
  seconds, operations = Peer.public_send(operation, 0)
  operations / seconds
end

def measure(operation, enough)
  case operation
  when "sleepers"
    Peer.sleepers do |name, value, unit|
      yield name, value, unit
      leave if unit == "B"
    end
  when "callbacks_busy"
    yield operation, Peer.callbacks_busy(0).first, "s"
  when "echo", "echo_open", "http"
    yield operation, per_second(operation), "1/s"
  else
    yield operation, repeated(operation, enough), "s"
  end
end

# Without waiting for whoever sleeps.
def leave
  $stdout.flush
  exit!(true)
end

peer, operation, seconds = ARGV
unless operation && PEERS.include?(peer)
  abort "usage: ruby bench.rb #{PEERS.join("|")} OPERATION [SECONDS]"
end
require_relative "peers/#{peer}"
exit 77 unless Peer.respond_to?(operation)

Process.setrlimit(:NOFILE, Process.getrlimit(:NOFILE).last)
measure(operation, (seconds || 0.2).to_f) do |name, value, unit|
  puts [peer, name, value, unit].join("\t")
end
leave
