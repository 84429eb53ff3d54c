# ruby core_test.rb FOLDER_OF_core.so
# What the layer for Ruby has to rely on: values, refusals, memory, and who may run during a wait.
$LOAD_PATH.unshift(ARGV.fetch(0))
require "core"
C = Librunner::Core

$passed = 0
$failed = 0

def test(name)
  yield
  $passed += 1
rescue Exception => e # a test may raise what it likes
  $failed += 1
  puts "FAILED  ruby: #{name}", "    #{e.class}: #{e.message}"
  puts(e.backtrace.first(4).map { |line| "    #{line}" })
end

def equal(got, want)
  raise "got #{got.inspect}, want #{want.inspect}" unless got == want
end

def raises(kind)
  yield
rescue kind
  nil
else
  raise "no #{kind}"
end

def new_runner(**options)
  code, runner = C.runner_new(options)
  equal(code, 0)
  runner
end

# Runs main, and what it spawns: lambdas that take an event, and return a command.
class Driver
  attr_reader :runner, :told

  def initialize(**options)
    @runner = new_runner(**options)
    @events = C.core_events_new(8)
    @commands = C.core_commands_new(8)
    @bodies = {}
    @told = []
  end

  def run(*main)
    code, id = C.runner_begin(@runner, 0)
    equal(code, 0)
    @bodies[id] = main
    code = drive
    command(0, C::RUNNER_HOST_RELEASE, id: id)
    code
  end

  def close
    equal(C.runner_begin_close(@runner), 0)
    drive
  end

  def command(task, op, status: 0, id: 0, a: 0, b: 0)
    C.runner_command(@runner, task, op, status, id, a, b)
  end

  def spawn(parent, *body, group: 0)
    code, id = command(parent, C::RUNNER_HOST_SPAWN, a: group)
    equal(code, 0)
    @bodies[id] = body
    id
  end

  def drive
    loop do
      code, count, wait = C.runner_step(@runner, @commands, @events)
      equal(code, 0)
      C.core_commands_clear(@commands)
      count.times do |i|
        return C.runner_end(@runner) if C.core_event_kind(@events, i) == C::RUNNER_HOST_END
        handle(i)
      end
      equal(C.runner_backend_wait(@runner, wait), 0) if count.zero? && wait != 0
    end
  end

  def handle(i)
    case C.core_event_kind(@events, i)
    when C::RUNNER_HOST_START then go_on(i, C.core_event_status(@events, i) != 0)
    when C::RUNNER_HOST_RESUME then go_on(i, false)
    when C::RUNNER_HOST_EXCEPTION then @told << C.runner_host_exception(@runner)
    end
  end

  def go_on(i, never_runs)
    task = C.core_event_task(@events, i)
    status = C.core_event_status(@events, i)
    body = @bodies[task].shift unless never_runs
    made = body&.call(task, status, C.core_event_value(@events, i))
    return if made == :parked
    op, id, a, b, how = made || [C::RUNNER_HOST_DONE, 0, 0, 0, body ? 0 : status]
    op |= C::RUNNER_HOST_SUSPENDED unless op == C::RUNNER_HOST_DONE
    equal(C.core_commands_add(@commands, task, op, how || 0, id || 0, a || 0, b || 0), 0)
  end
end

def sleeping(nanoseconds) = ->(*) { [C::RUNNER_HOST_SLEEP, 0, nanoseconds] }
def failing(value) = ->(*) { [C::RUNNER_HOST_DONE, 0, 0, value, C::RUNNER_EUSER] }
def ending(value) = ->(*) { [C::RUNNER_HOST_DONE, 0, 0, value] }

test "numbers that do not fit are refused" do
  [1.0, "1", nil, 1.5].each { |v| raises(TypeError) { C.runner_strerror(v) } }
  [2**31, -2**31 - 1, 2**70].each { |v| raises(RangeError) { C.runner_strerror(v) } }
  r = new_runner
  [-1, 2**64, -2**70].each { |v| raises(RangeError) { C.runner_host_post(r, v) } }
  [2**63, -2**63 - 1].each { |v| raises(RangeError) { C.runner_backend_wait(r, v) } }
  raises(RangeError) { C.core_events_new(2**60) }
  raises(RangeError) { C.runner_reserve(r, -1) }
  raises(ArgumentError) { C.runner_strerror }
end

test "handles of another kind are refused" do
  raises(TypeError) { C.runner_wakeup(nil) }
  raises(TypeError) { C.runner_wakeup(C.core_events_new(1)) }
  raises(TypeError) { C.runner_step(new_runner, C.core_events_new(1), C.core_events_new(1)) }
  raises(TypeError) { C.runner_step(new_runner, nil, nil) }
  raises(TypeError) { C::Runner.new }
end

test "64 bits there and back" do
  d = Driver.new
  [0, 1, 2**53 - 1, 2**53 + 1, 2**62, 2**63, 2**64 - 1].each do |value|
    code, id = d.command(0, C::RUNNER_HOST_FUTURE_NEW)
    equal(code, 0)
    equal(d.command(0, C::RUNNER_HOST_RESOLVE, id: id, b: value)[0], 0)
    equal(d.command(0, C::RUNNER_HOST_RESULT, id: id), [0, id, 0, value])
    equal(d.command(0, C::RUNNER_HOST_RELEASE, id: id)[0], 0)
  end
  equal(C.runner_host_count(d.runner), 0)
end

test "options by name" do
  equal(C.runner_debug(new_runner(debug: C::RUNNER_ON)), 1)
  equal(C.runner_new(nil)[0], 0)
  equal(C.runner_new({ debug: 2 }), [C::RUNNER_EINVAL, nil])
  raises(ArgumentError) { C.runner_new({ loop_arg: 1 }) }
  raises(ArgumentError) { C.runner_new({ "debug" => 1 }) }
  raises(TypeError) { C.runner_new({ debug: true }) }
  raises(RangeError) { C.runner_new({ poll_interval: -1 }) }
  raises(TypeError) { C.runner_new(1) }
end

test "R025 a run with children" do
  d = Driver.new(clock: C::RUNNER_CLOCK_VIRTUAL)
  got = []
  code = d.run(
    lambda do |task, _, _|
      child = d.spawn(task, sleeping(3_600_000_000_000), ending(2**40))
      [C::RUNNER_HOST_AWAIT, child]
    end,
    ->(_, status, value) { got << status << value; nil }
  )
  equal(code, 0)
  equal(got, [0, 2**40])
  equal(C.runner_time_ns(d.runner), 3_600_000_000_000)
  equal(d.close, 0)
  equal(C.runner_is_closed(d.runner), 1)
end

test "R158 errors of a group, gather and wait" do
  d = Driver.new(clock: C::RUNNER_CLOCK_VIRTUAL)
  _, group = d.command(0, C::RUNNER_HOST_GROUP_NEW)
  a = b = nil
  code = d.run(
    lambda do |task, _, _|
      equal(d.command(task, C::RUNNER_HOST_GROUP_OPEN, id: group)[0], 0)
      b = d.spawn(task, sleeping(10), failing(1), group: group)
      a = d.spawn(task, failing(1), group: group)
      [C::RUNNER_HOST_GROUP_CLOSE, group]
    end,
    lambda do |task, status, _|
      equal(status, C::RUNNER_EGROUP)
      errors = [[a, C::RUNNER_EUSER], [b, C::RUNNER_EUSER]]
      equal(C.runner_host_errors(d.runner, group, 1), [0, 2, errors.first(1)])
      equal(C.runner_host_errors(d.runner, group, 9), [0, 2, errors])
      x = d.spawn(task, sleeping(1), ending(5))
      y = d.spawn(task, sleeping(2), ending(6))
      first = C::RUNNER_FIRST_COMPLETED
      waits = C.runner_host_wait(d.runner, task, [x, y], first, C::RUNNER_HOST_FOREVER)
      equal(waits, C::RUNNER_EPARKED)
      equal(C.runner_tasks(d.runner, 2)[1], 3)
      equal(C.runner_tasks(d.runner, 9)[2].map { |t| t[5] }, ["wait", nil, nil])
      code, all = C.runner_host_gather(d.runner, [x, y], 0)
      equal(code, 0)
      equal(d.command(0, C::RUNNER_HOST_RELEASE, id: all)[0], 0)
      :parked
    end,
    ->(_, status, _) { equal(status, 0); nil }
  )
  equal(code, 0)
  raises(TypeError) { C.runner_host_gather(d.runner, [1, nil], 0) }
  raises(TypeError) { C.runner_host_gather(d.runner, 1, 0) }
end

test "R093 exceptions, names and the report" do
  d = Driver.new(clock: C::RUNNER_CLOCK_VIRTUAL, cancel_grace_ms: 10)
  d.run(
    lambda do |task, _, _|
      child = d.spawn(task, failing(7))
      equal(C.runner_host_name(d.runner, child, "Grüße"), 0)
      d.command(0, C::RUNNER_HOST_RELEASE, id: child)
      d.spawn(task, sleeping(10**12), sleeping(10**12))
      sleeping(10).call(0, 0, 0)
    end
  )
  equal(d.told.size, 1)
  code, (message, name, _site, _task, value, _ns, error) = d.told[0]
  equal([code, name, value, error], [0, "Grüße", 7, C::RUNNER_EUSER])
  equal(message.encoding, Encoding::UTF_8)
  equal(C.runner_host_exception(d.runner), [C::RUNNER_EEND, nil])
  equal(C.runner_report_count(d.runner, 0), 0)
  equal(d.close, C::RUNNER_ETIMEDOUT)
  equal(C.runner_report_count(d.runner, C::RUNNER_REPORT_ABANDONED), 1)
  equal(C.runner_report_get(d.runner, 0)[1][0], C::RUNNER_REPORT_ABANDONED)
  equal(C.runner_report_get(d.runner, 99), [C::RUNNER_EINVAL, nil])
  raises(ArgumentError) { C.runner_host_name(d.runner, 1, "a\0b") }
  raises(TypeError) { C.runner_host_name(d.runner, 1, 2) }
end

test "a freed runner is refused" do
  r = new_runner
  C.runner_free(r)
  C.runner_free(r)
  equal(C.runner_is_closed(r), 1)
  equal(C.runner_wakeup(r), C::RUNNER_EINVAL)
  equal(C.runner_step(r, nil, C.core_events_new(1)), [C::RUNNER_EINVAL, 0, 0])
end

test "buffers" do
  events = C.core_events_new(2)
  equal(C.core_event_kind(events, 2), C::RUNNER_HOST_NONE)
  commands = C.core_commands_new(1)
  equal(C.core_commands_add(commands, 0, C::RUNNER_HOST_FUTURE_NEW, 0, 0, 0, 0), 0)
  equal(C.core_commands_add(commands, 0, 0, 0, 0, 0, 0), C::RUNNER_EFULL)
  r = new_runner
  equal(C.runner_commands(r, commands), 0)
  equal(C.core_command_status(commands, 0), 0)
  equal(C.core_command_status(commands, 1), C::RUNNER_EINVAL)
  id = C.core_command_id(commands, 0)
  equal(C.runner_command(r, 0, C::RUNNER_HOST_RELEASE, 0, id, 0, 0)[0], 0)
  code, ids = C.runner_reserve(r, 3)
  equal([code, ids.uniq.size], [0, 3])
end

test "events outlive the handle of their buffer" do
  r = new_runner(clock: C::RUNNER_CLOCK_VIRTUAL)
  _, main = C.runner_begin(r, 0)
  equal(C.runner_step(r, nil, C.core_events_new(4))[1], 1)
  GC.start
  # Writes into the batch that nobody can read any more.
  equal(C.runner_command(r, 0, C::RUNNER_HOST_CANCEL, 0, main, 0, 0)[0], 0)
  events = C.core_events_new(4)
  commands = C.core_commands_new(1)
  C.core_commands_add(commands, main, C::RUNNER_HOST_DONE, 0, 0, 0, 0)
  equal(C.runner_step(r, commands, events)[0], 0)
  C.runner_end(r)
end

test "only a wait lets other threads run, and it can be ended" do
  d = Driver.new
  code, main = C.runner_begin(d.runner, 0)
  equal(code, 0)
  C.runner_step(d.runner, nil, C.core_events_new(4))
  equal(d.command(main, C::RUNNER_HOST_SLEEP, a: 60_000_000_000)[0], C::RUNNER_EPARKED)
  C.runner_step(d.runner, nil, C.core_events_new(4)) # nothing is left to do: now it may be waited for
  ran = 0
  counter = Thread.new { loop { ran += 1 } }
  waiter = Thread.new { C.runner_backend_wait(d.runner, C::RUNNER_HOST_FOREVER) }
  Thread.pass until waiter.status == "sleep"
  before = ran
  Thread.pass until ran > before
  equal(C.runner_wakeup(d.runner), 0)
  equal(waiter.value, 0)
  C.runner_step(d.runner, nil, C.core_events_new(4))
  waiter = Thread.new { C.runner_backend_wait(d.runner, C::RUNNER_HOST_FOREVER) }
  Thread.pass until waiter.status == "sleep"
  waiter.kill
  equal(waiter.join(60), waiter)
  counter.kill
end

test "constants" do
  equal(C::RUNNER_HOST_SUSPENDED, 0x80000000)
  equal(C::RUNNER_HOST_FOREVER, 2**63 - 1)
  equal([C::RUNNER_FOREVER, C::RUNNER_NO_WAIT], [2**64 - 1, 2**64 - 2])
  version = C::RUNNER_VERSION_MAJOR << 16 | C::RUNNER_VERSION_MINOR << 8 | C::RUNNER_VERSION_PATCH
  equal(C.runner_abi_version, version)
  equal(C.runner_error_name(C::RUNNER_ECANCELED), "RUNNER_ECANCELED")
end

test "the collector may come at any time" do
  GC.compact if GC.respond_to?(:compact)
  GC.stress = true
  d = Driver.new(clock: C::RUNNER_CLOCK_VIRTUAL)
  awaiting = ->(task, *) { [C::RUNNER_HOST_AWAIT, d.spawn(task, sleeping(5))] }
  d.run(awaiting, ->(*) { C.runner_tasks(d.runner, 5) && nil })
  equal(d.close, 0)
ensure
  GC.stress = false
end

puts "ruby: #{$passed} passed, #{$failed} failed"
exit $failed.zero?
