# frozen_string_literal: true

module Conformance
  # Where an operation stands, as far as that decides what is allowed there.
  Place = Struct.new(:in_group, :in_handler, :in_callback) do
    # The place of what an operation opens.
    def inside(opens)
      case opens
      when :group then Place.new(true, in_handler, in_callback)
      when :closable then Place.new
      when :callback then Place.new(false, false, true)
      else self
      end
    end

    def handler(key)
      Place.new(in_group, key != "finally", in_callback)
    end
  end

  # Reads the operations of a program and checks them on the way.
  class Reader
    def initialize(program, tasks)
      @program = program
      @defined = tasks
      @makers = Collection.new
      @seen = {} # what the operations so far have made of a name
      tasks.each_value { |body| @makers.collect(body) }
    end

    # The body of a task.
    def body(task, list)
      @task = task
      @program.offend("task #{task}", "body must be a list") unless list.is_a?(Array)
      ops(list, "", Place.new)
    end

    private

    # prefix and a position are the index of an operation.
    def ops(list, prefix, place)
      list.each_with_index.map do |item, position|
        index = "#{prefix}#{position}"
        op = catch(:reason) { one(item, place) }
        @program.offend("task #{@task}, op #{index}", op) if op.is_a?(String)
        read_inside(op, item, "#{index}.", place)
        op
      end
    end

    def offend(reason)
      throw :reason, reason
    end

    # One operation, apart from what is inside it.
    def one(item, place)
      offend("not an operation") unless item.is_a?(Array) && item.first.is_a?(String)
      word, *values = item
      operation = Language::OPERATIONS[word] || offend(%(unknown operation "#{word}"))
      check_place(word, operation, place)
      check_count(word, operation.arguments.size, values.size)
      op = Op.new
      op.word = word.to_sym
      operation.arguments.each_with_index do |argument, position|
        check_argument(word, position, argument, values[position])
        take(op, argument, values[position])
      end
      op
    end

    def check_place(word, operation, place)
      if place.in_callback && !operation.in_callback
        offend(%("#{word}" cannot be used in a callback))
      elsif word == "gspawn" && !place.in_group
        offend('"gspawn" outside of a group')
      elsif word == "raise" && !place.in_handler
        offend('"raise" outside of a handler')
      end
    end

    def check_count(word, takes, got)
      return if takes == got

      offend(%("#{word}" takes #{takes} argument#{"s" unless takes == 1}, got #{got}))
    end

    def check_argument(word, position, argument, value)
      check_handlers(value) if argument.kind == :handlers
      unless Values.accepts?(argument.kind, value)
        kind = Language::KINDS[argument.kind]
        offend(%(argument #{position + 1} of "#{word}" must be #{kind}))
      end
      if argument.kind == :task && !@defined.key?(value)
        offend(%(undefined task "#{value}"))
      elsif argument.space
        Array(value).each { |name| check_reference(argument, name) }
      end
    end

    def check_handlers(handlers)
      return unless handlers.is_a?(Hash)

      unknown = handlers.each_key.find { |key| !Language::HANDLERS.include?(key) }
      offend(%(unknown handler "#{unknown}")) if unknown
    end

    # A name has to mean what the operation takes it for.
    def check_reference(argument, name)
      if argument.makes
        before = @seen[[argument.space, name]] ||= argument.makes
        offend(%("#{name}" is both a task and a future)) if before != argument.makes
        return
      end
      makers = @makers[argument.space, name] || offend(%(undefined name "#{name}"))
      return if argument.needs.nil? || makers.include?(argument.needs)

      offend(%("#{name}" is not a future))
    end

    # Keeps the value of an argument that was found good.
    def take(op, argument, value)
      case argument.kind
      when :text then op.text = value
      when :number, :count then op.number = value
      when :time then op.seconds = Program.seconds(value)
      when :time_or_null then op.seconds = value && Program.seconds(value)
      when :name then op.name = value
      when :names, :some_names then op.names = value
      when :error_name then op.failure = value
      when :task then op.task = value
      when :flag then op.flag = value
      when :mode then op.mode = value.to_sym
      end
    end

    def read_inside(op, item, prefix, place)
      opens = Language::OPERATIONS[item.first].opens
      if opens == :try
        read_try(op, item, prefix, place)
      elsif opens
        op.body = ops(item.last, prefix, place.inside(opens))
      end
    end

    def read_try(op, item, prefix, place)
      op.body = ops(item[1], "#{prefix}body.", place)
      op.handlers = {}
      Language::HANDLERS.each do |key|
        list = item[2][key]
        op.handlers[key.to_sym] = ops(list, "#{prefix}#{key}.", place.handler(key)) if list
      end
    end
  end
end
