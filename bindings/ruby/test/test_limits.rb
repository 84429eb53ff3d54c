# frozen_string_literal: true

require_relative "helper"

# More tasks than there can be: an error, never a hang.
class TestLimits < LibrunnerTest
  def test_max_tasks_is_an_error_of_who_spawns
    virtual(max_tasks: 10) do
      tasks = 9.times.map { Librunner.spawn { Librunner.sleep(1) || 1 } }
      error = assert_raises(FiberError) { Librunner.spawn { flunk } }
      assert_includes error.message, "max_tasks"
      assert_equal 9, tasks.sum(&:await)
      assert_equal 2, Librunner.spawn { 2 }.await
    end
  end

  def test_tasks_that_are_over_do_not_count
    virtual(max_tasks: 3) do
      20.times { |i| assert_equal i, Librunner.spawn { i }.await }
      20.times do
        task = Librunner.spawn { Librunner.sleep(60) }
        task.cancel
        assert_raises(Librunner::CancelledError) { task.await }
        task = Librunner.spawn { Librunner.sleep(60) }
        Librunner.yield
        task.cancel
        assert_raises(Librunner::CancelledError) { task.await }
        assert_raises(KeyError) { Librunner.spawn { raise KeyError }.await }
      end
    end
  end

  def test_a_group_that_cannot_spawn_fails_and_cancels_its_tasks
    ended = 0
    virtual(max_tasks: 5) do
      error = assert_raises(Librunner::GroupError) do
        Librunner::TaskGroup.open do |group|
          10.times do
            group.spawn do
              Librunner.sleep(60)
            ensure
              ended += 1
            end
          end
        end
      end
      assert_equal [FiberError], error.errors.map(&:class)
      assert_equal 1, Librunner.spawn { 1 }.await
    end
    assert_equal 0, ended # none has begun
  end

  def test_a_close_at_the_limit_closes_all
    log = []
    runner = Librunner::Runner.new(clock: :virtual, max_tasks: 4)
    runner.run do
      Librunner.register { log << "closable" }
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        log << "generator"
      end
      generator.next
      3.times do
        Librunner.spawn do
          Librunner.sleep(60)
        ensure
          log << "task"
        end
      end
      Librunner.yield
    end
    runner.close
    assert_equal %w[task task task closable generator], log
  end

  def test_the_default_leaves_room_for_other_fibers
    skip "no such limit here" unless File.exist?("/proc/sys/vm/max_map_count")
    most = Integer(File.read("/proc/sys/vm/max_map_count"))
    assert_operator Librunner::Runner.new.instance_variable_get(:@engine).options.max_tasks, :<=, most / 2
  end

  def test_R020_a_loop_that_cannot_be_made_is_an_error_and_the_next_use_tries_again
    out, errors, status = child(<<~'RUBY')
      runner = Librunner::Runner.new
      soft, hard = Process.getrlimit(:NOFILE)
      Process.setrlimit(:NOFILE, File.open(File::NULL, &:fileno), hard) # the lowest that is free
      2.times do
        runner.run { flunk }
      rescue Librunner::Error => e
        puts e.class, e.code_name
      end
      Process.setrlimit(:NOFILE, soft, hard)
      puts runner.run { Librunner.sleep(0.001) || 7 }
      runner.close
    RUBY
    assert_predicate status, :success?, errors
    assert_equal ["Librunner::UVError", "UV_EMFILE"] * 2 + ["7"], out.lines(chomp: true)
    assert_empty errors
  end

  # In a child, as the memory that it takes is not given back. Tasks begin until there are no more fibers.
  def test_there_are_no_more_fibers
    skip "no such limit here" unless File.exist?("/proc/sys/vm/max_map_count")
    skip "there are too many fibers" if Integer(File.read("/proc/sys/vm/max_map_count")) > 100_000
    out, errors, status = child(<<~'RUBY', timeout: 120)
      limit = Integer(File.read("/proc/sys/vm/max_map_count")) / 2 + 1000
      runner = Librunner::Runner.new(max_tasks: limit * 2)
      ended = 0
      runner.run do
        tasks = []
        failed = nil
        limit.times do
          tasks << Librunner.spawn do
            Librunner.sleep 3600
          ensure
            ended += 1
          end
          if tasks.size % 500 == 0
            Librunner.yield
            break if (failed = tasks.last(500).select(&:done?)).any?
          end
        end
        puts failed.map { |task| task.exception.class }.uniq
        puts failed.first.exception.message.include?(failed.first.name) ? "named" : failed.first.exception.message
        Librunner.sleep 0.001
        puts "goes on"
        puts (begin; Librunner::Generator.new { |y| y << 1 }.next; rescue FiberError => e; e.class; end)
        tasks.first(1000).each(&:cancel)
        Librunner.sleep 0.01
        puts Librunner.spawn { 7 }.await
        failed.each(&:exception)
      end
      runner.close
      puts ended > 10_000, runner.closed?
    RUBY
    assert_predicate status, :success?, errors[0, 5000]
    assert_empty errors
    assert_equal ["FiberError", "named", "goes on", "FiberError", "7", "true", "true"], out.lines(chomp: true)
  end

  # Closables of a runner need fibers of their own, while there may be none.
  def test_a_close_without_more_fibers
    skip "no such limit here" unless File.exist?("/proc/sys/vm/max_map_count")
    skip "there are too many fibers" if Integer(File.read("/proc/sys/vm/max_map_count")) > 100_000
    out, errors, status = child(<<~'RUBY', timeout: 120)
      runner = Librunner::Runner.new(exception_handler: ->(e) { puts e.exception.class })
      held = []
      log = []
      runner.run do
        Librunner.register { log << "closed" }
        begin
          loop { held << Fiber.new { Fiber.yield }.tap(&:resume) }
        rescue FiberError
          nil
        end
        task = Librunner.spawn { flunk }
        Librunner.yield
        puts task.exception.class
      end
      runner.close
      puts runner.closed?
      puts (log.first || "reported")
    RUBY
    assert_predicate status, :exited?, errors[0, 5000]
    assert_equal 0, status.exitstatus, errors[0, 5000]
    assert_equal "FiberError", out.lines(chomp: true).first
    assert_includes out.lines(chomp: true), "true"
  end
end
