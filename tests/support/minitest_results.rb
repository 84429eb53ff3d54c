# frozen_string_literal: true

# ruby -r minitest_results.rb TEST_FILE
# Minitest also writes what each test came to into the file $MINITEST_RESULTS: one line of JSON when a
# test begins, one when it is over, so that whoever reads them knows in which one a process has died.
require "json"
require "minitest"

# :nodoc:
class ResultsReporter < Minitest::AbstractReporter
  def initialize(path)
    super()
    @file = File.open(path, "a")
    @file.sync = true
  end

  def prerecord(klass, name)
    write("begin", "#{klass}##{name}")
  end

  def record(result)
    name = "#{result.klass}##{result.name}"
    if result.skipped?
      write("skip", name, result.failure.message)
    elsif result.passed?
      write("pass", name)
    else
      write("fail", name, result.failures.map { |failure| text_of(failure) }.join("\n"))
    end
  end

  def report
    write("end", "")
  end

  private

  # A failed assertion says where it stands; an error carries its backtrace in its message.
  def text_of(failure)
    return failure.message if failure.is_a?(Minitest::UnexpectedError)

    "#{failure.message}\n#{failure.location}"
  end

  def write(event, name, text = nil)
    @file.puts(JSON.generate([event, name, text&.encode("UTF-8", invalid: :replace, undef: :replace)]))
  end
end

def Minitest.plugin_results_init(_options)
  reporter << ResultsReporter.new(ENV.fetch("MINITEST_RESULTS"))
end

Minitest.extensions << "results"
