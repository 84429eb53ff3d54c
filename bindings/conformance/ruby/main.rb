# frozen_string_literal: true

# The interpreter of the behaviour suite in Ruby.
#
#   conformance_ruby FILE...      the traces of programs
#   conformance_ruby --stream     one program a line on stdin

require "librunner"

%w[
  json values language program collect reader outcomes trace world callbacks ops tasks scopes execute
].each { |name| require_relative name }

module Conformance
  # What stands on the command line.
  module Main
    USAGE = 1
    MALFORMED = 2
    private_constant :USAGE, :MALFORMED

    module_function

    # The status of the process.
    def run(arguments)
      trap("INT", "DEFAULT") # jobs of a shell in the background have it ignored
      $stdin.binmode
      $stdout.binmode
      $stdout.sync = true # a trace is out when the next program begins
      if arguments == ["--stream"]
        run_stream
      elsif arguments.empty? || arguments.first.start_with?("--")
        warn "usage: conformance_ruby FILE...\n       conformance_ruby --stream"
        USAGE
      else
        run_files(arguments)
      end
    end

    def run_files(paths)
      paths.each { |path| $stdout.write(interpret_file(path)) }
      0
    rescue Malformed => e
      warn e.message
      MALFORMED
    end

    def run_stream
      while (line = $stdin.gets)
        $stdout.write(answer(line))
      end
      0
    end

    # What comes out for one line of a stream.
    def answer(line)
      "#{interpret(line, "-")}# end\n"
    rescue Malformed => e
      "# malformed #{e.message}\n"
    end

    def interpret_file(path)
      name = String.new(File.basename(path), encoding: Encoding::UTF_8).scrub
      begin
        data = File.binread(path)
      rescue SystemCallError
        raise Malformed.new(name, "cannot be read")
      end
      interpret(data, name)
    end

    # Runs a program: its name and its trace.
    def interpret(data, file)
      program = Program.new(data, file)
      trace = +"# #{program.name}\n"
      World.new(program, trace).execute
      trace
    end
  end
end

exit Conformance::Main.run(ARGV)
