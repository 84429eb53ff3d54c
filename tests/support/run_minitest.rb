# frozen_string_literal: true

# ruby run_minitest.rb NAME [--jobs N] [--limit SECONDS] [--ruby OPTION]... TEST_FILE...
# Runs each file of tests in a process of its own. Prints what failed with what it said, what was
# skipped, and "NAME: N passed, N failed". A process that dies, or is not done in time, is a failure of
# the test that was at it. What was skipped is a failure if CI=true.
require "json"
require "optparse"
require "rbconfig"
require "tempfile"

RESULTS = File.expand_path("minitest_results.rb", __dir__)
FIRST_LINES = 40 # of the output of a process
LAST_LINES = 20

# One file, and what came of it.
class TestFile
  attr_reader :path, :passed, :failures, :skips

  def initialize(path, options, limit)
    @path = path
    @options = options
    @limit = limit
    @passed = 0
    @failures = []
    @skips = []
  end

  def run
    results = Tempfile.new("results")
    output = Tempfile.new("output")
    status = finish(start(results.path, output))
    read(results.path, status, File.read(output.path, encoding: "UTF-8").scrub)
  ensure
    results&.close!
    output&.close!
  end

  private

  def start(results, output)
    Process.spawn({ "MINITEST_RESULTS" => results }, RbConfig.ruby, *@options, "-r", RESULTS, @path,
                  in: File::NULL, out: output, err: output, pgroup: true)
  end

  # What it has started itself goes with it.
  def finish(pid)
    late = Process.clock_gettime(Process::CLOCK_MONOTONIC) + @limit
    waiter = Process.detach(pid)
    waiter.join([late - Process.clock_gettime(Process::CLOCK_MONOTONIC), 0].max)&.value
  ensure
    begin
      Process.kill(:KILL, -pid)
    rescue Errno::ESRCH
      nil # all of them are gone
    end
    waiter&.join
  end

  def read(results, status, output)
    running = over = nil
    File.foreach(results, encoding: "UTF-8") do |line|
      event, name, text = JSON.parse(line)
      running = event == "begin" ? name : nil
      case event
      when "pass" then @passed += 1
      when "fail" then @failures << [name, text]
      when "skip" then @skips << [name, text]
      when "end" then over = true
      end
    end
    return if over && (status&.success? || @failures.any?)

    @failures << [running || "all of it", "#{how_it_ended(status)}\n#{shortened(output)}"]
  end

  def how_it_ended(status)
    return "did not end in #{@limit} s" unless status

    status.signaled? ? "died of SIG#{Signal.signame(status.termsig)}" : "ended with status #{status.exitstatus}"
  end

  def shortened(output)
    lines = output.lines
    if lines.size > FIRST_LINES + LAST_LINES
      lines = [*lines.first(FIRST_LINES), "...\n", *lines.last(LAST_LINES)]
    end
    lines.join
  end
end

# Runs them, and prints what came of them.
class Suite
  def initialize(name, files, jobs)
    @name = name
    @files = files
    @jobs = jobs
  end

  def run
    queue = Queue.new
    @files.each { |file| queue << file }
    queue.close
    Array.new(@jobs) { Thread.new { work(queue) } }.each(&:join)
    report
  end

  private

  def work(queue)
    while (file = queue.pop)
      file.run
    end
  end

  def report
    passed = failed = 0
    @files.each do |file|
      show(file)
      passed += file.passed
      failed += file.failures.size
      failed += file.skips.size if ENV["CI"] == "true"
    end
    if passed + failed == 0
      puts "  FAILED: there are no tests"
      failed = 1
    end
    puts "#{@name}: #{passed} passed, #{failed} failed"
    failed == 0
  end

  def show(file)
    name = File.basename(file.path)
    file.skips.each { |test, why| puts "  skipped: #{name} #{test}: #{why}" }
    file.failures.each do |test, text|
      puts "  FAILED: #{name} #{test}"
      puts text.gsub(/^/, "    ")
    end
  end
end

# Tests of signals begin as from a shell's prompt, also where this runs in the background.
%w[INT HUP TERM].each { |signal| trap(signal, "DEFAULT") }

jobs = 1
limit = 300
options = []
parser = OptionParser.new do |known|
  known.on("--jobs N", Integer) { |value| jobs = value }
  known.on("--limit SECONDS", Integer) { |value| limit = value }
  known.on("--ruby OPTION") { |value| options << value }
end
name, *paths = parser.parse(ARGV)
abort "usage: ruby run_minitest.rb NAME [--jobs N] [--limit SECONDS] [--ruby OPTION]... TEST_FILE..." unless name
exit Suite.new(name, paths.map { |path| TestFile.new(path, options, limit) }, jobs).run
