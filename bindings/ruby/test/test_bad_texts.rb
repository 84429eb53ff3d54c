# frozen_string_literal: true

require_relative "helper"

# Names and messages that cannot be read, or are none: an error of who gives them, and nothing else.
class TestBadTexts < LibrunnerTest
  # Says nothing.
  class Mute
    def to_s = raise(KeyError, "to_s")
  end

  # Neither do these.
  class MuteCancel < Librunner::CancelledError
    def message = raise(KeyError, "message")
  end

  class MuteError < StandardError
    def message = raise(KeyError, "message")
  end

  NAMES = ["a\0b", Mute.new, BasicObject.new].freeze
  private_constant :NAMES

  def assert_refused(&block) = assert_raises(ArgumentError, TypeError, NoMethodError, KeyError, &block)

  def test_a_name_that_is_none_is_refused_and_nothing_begins
    NAMES.each do |name|
      virtual do |main|
        assert_refused { Librunner.spawn(name: name) { flunk } }
        assert_refused { Librunner.register(name) { flunk } }
        assert_refused { main.name = name }
        assert_equal "Task-1", main.name
        assert_equal [main], Librunner.all_tasks
        assert_equal "Task-2", Librunner.spawn(&:name).await
      end
      assert_refused { Librunner.run(name: name) { flunk } }
    end
  end

  def test_names_of_all_kinds
    virtual do
      [5, :symbol, "", "\xff\xfe".b, "ü", "wide".encode("UTF-16LE"), "x" * 10_000, nil].each do |name|
        task = Librunner.spawn(name: name) { 1 }
        assert_equal name.nil? ? "Task-#{task.id}" : name.to_s, task.name
        assert_equal 1, task.await
        Librunner.register(name) { nil }
      end
    end
  end

  def test_a_context_that_is_none_is_refused
    Librunner::Runner.open do |runner|
      assert_refused { runner.run(context: 5) { flunk } }
      runner.run { assert_refused { Librunner.spawn(context: 5) { flunk } } }
    end
  end

  def test_a_message_of_a_cancel_that_cannot_be_read_is_refused
    virtual do
      [Mute.new, BasicObject.new].each do |message|
        task = Librunner.spawn { Librunner.sleep(1) || 7 }
        Librunner.yield
        assert_refused { task.cancel(message) }
        assert_equal 0, task.cancelling
        assert_equal 7, task.await
        future = Librunner.current_loop.create_future
        assert_refused { future.cancel(message) }
        refute_predicate future, :done?
      end
    end
  end

  def test_messages_of_all_kinds
    virtual do
      { 5 => "5", :x => "x", [1] => "[1]", "" => "", "a\0b" => "a\0b" }.each do |message, text|
        task = Librunner.spawn { Librunner.sleep(60) }
        Librunner.yield
        task.cancel(message)
        assert_equal text, assert_raises(Librunner::CancelledError) { task.await }.message
      end
    end
  end

  def test_a_cancel_whose_message_cannot_be_read_is_a_cancel
    virtual do
      task = Librunner.spawn { raise MuteCancel }
      assert_raises(Librunner::CancelledError) { task.await }
      assert_raises(Librunner::CancelledError) { task.result }
      assert_predicate task, :cancelled?
      assert_raises(Librunner::CancelledError) { Librunner.gather(Librunner.spawn { raise MuteCancel }) }
    end
    assert_raises(Librunner::CancelledError) { virtual { raise MuteCancel } }
  end

  def test_an_error_whose_message_cannot_be_read_comes_out_as_it_is
    assert_raises(MuteError) { virtual { raise MuteError } }
    virtual do
      assert_raises(MuteError) { Librunner.spawn { raise MuteError }.await }
      error = assert_raises(Librunner::GroupError) do
        Librunner::TaskGroup.open { |group| group.spawn { raise MuteError } }
      end
      assert_equal [MuteError], error.errors.map(&:class)
    end
  end

  def test_one_that_nobody_takes_is_reported
    seen = []
    value = virtual(exception_handler: seen.method(:<<)) do
      Librunner.spawn { raise MuteError }
      Librunner.yield || 5
    end
    assert_equal 5, value
    assert_equal [MuteError], seen.map { |e| e.exception.class }
    _, errors, status = child(<<~'RUBY')
      kind = Class.new(StandardError) { def message = raise("message") }
      Librunner.run { Librunner.spawn { raise kind }; Librunner.yield }
    RUBY
    assert_predicate status, :success?, errors
    assert_includes errors, "never retrieved"
  end
end
