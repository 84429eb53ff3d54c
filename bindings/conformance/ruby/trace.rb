# frozen_string_literal: true

module Conformance
  # The lines of a trace.
  class Trace
    # Who callbacks are: they have no path.
    LOOP = "loop"

    def initialize(text, loop)
      @text = text
      @loop = loop
    end

    def line(who, what)
      line_at(now, "#{who} #{what}")
    end

    def line_at(milliseconds, what)
      @text << "#{milliseconds} #{what}\n"
    end

    # In ms. The Float may be a little less than it should be.
    def now
      (@loop.time * 1000).round(1).floor
    end
  end
end
