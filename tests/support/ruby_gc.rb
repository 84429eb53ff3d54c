# frozen_string_literal: true

# ruby -r ruby_gc.rb TEST_FILE, with LIBRUNNER_TEST_GC=stress or LIBRUNNER_TEST_GC=compact
# Minitest runs each test with a collector that is always at work. A collection takes some
# milliseconds, so each test gets a number of them: many at its beginning, then fewer and fewer. Where
# they come depends on the test and on the seed of Minitest (--seed).
#
#   stress    a collection at each allocation, for some time, again and again
#   compact   everything that can be moved is moved, in the middle of all kinds of calls
require "minitest"
require "zlib"

# What happens at the calls of Ruby. The gap between two of these grows.
class GCVariant
  FIRST_GAPS = (1..100).freeze # calls
  GROWTH = (1.0..4.0).freeze

  def self.of(name, test)
    { "stress" => StressVariant, "compact" => CompactVariant }.fetch(name).new(test)
  end

  def initialize(test)
    @random = Random.new(Random.seed + Zlib.crc32(test))
  end

  def begin_test
    @gap = @random.rand(FIRST_GAPS)
    @calls = 0
    @left = self.class::COLLECTIONS
    @trace = TracePoint.new(:call, :c_call, :c_return) { called }
    @trace.enable
  end

  def end_test
    @trace.disable
  end

  private

  def called
    @calls += 1
    return if @calls < @gap

    @calls = 0
    @gap = (@gap * @random.rand(GROWTH)).ceil
    collect
    @trace.disable if @left <= 0
  end
end

# :nodoc:
class StressVariant < GCVariant
  COLLECTIONS = 60
  AT_ONCE = 15

  def end_test
    super
    GC.stress = false
  end

  private

  # A test may have done it itself.
  def collect
    return if GC.stress

    @count = GC.count
    @stressed = true
    GC.stress = true
  end

  def called
    return super unless @stressed

    used = GC.count - @count
    return if used < AT_ONCE

    GC.stress = @stressed = false
    @left -= used
    @trace.disable if @left <= 0
  end
end

# :nodoc: Not by GC.auto_compact: Ruby 3.1 crashes of that by itself.
class CompactVariant < GCVariant
  COLLECTIONS = 20

  # Says `[BUG]` if something still points to where an object was.
  def end_test
    super
    GC.verify_compaction_references(toward: :empty)
  end

  private

  def collect
    @left -= 1
    GC.compact
  end
end

# :nodoc:
module UnderGCVariant
  def before_setup
    @gc_variant = GCVariant.of(ENV.fetch("LIBRUNNER_TEST_GC"), "#{self.class}##{name}")
    @gc_variant.begin_test
    super
  end

  def after_teardown
    super
  ensure
    @gc_variant.end_test
  end
end

Minitest::Test.prepend(UnderGCVariant)
