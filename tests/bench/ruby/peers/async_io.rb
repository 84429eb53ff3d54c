# frozen_string_literal: true

require "async/http/internet"
require_relative "async"

# The sockets and the HTTP client that belong to async.
module Peer
  class << self
    undef_method :spawn_await, :spawn_1000, :yield_1, :yield_1000, :sleep0_1, :sleep0_1000, :queue,
                 :sleepers, :callbacks_busy

    def connect
      Async::IO::Endpoint.tcp("127.0.0.1", ENV.fetch("BENCH_ECHO")).connect
    end

    # One client for all, which keeps no connection open: the answers say so.
    def http(count)
      @internet = nil
      super
    end

    def request(uri)
      @internet ||= Async::HTTP::Internet.new
      @internet.get(uri.to_s).read
    end
  end
end
