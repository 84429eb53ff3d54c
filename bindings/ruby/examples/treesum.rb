# frozen_string_literal: true

# Prints the SHA-256 sum of every regular file below a directory, as sha256sum prints it, sorted by
# path. At most N files are open at the same time.
#
#   usage: ruby treesum.rb DIR [N]
#
# Reading directories and files blocks, so each is a job for a thread: in_thread. A task is started
# for a job only when the semaphore has a place for it: there are never more than N of them, however
# large the tree is, and what grows with it is only the list of paths.
#
# Only tasks touch what they share, and tasks never run in parallel, so nothing here is locked. A job
# is given what it needs and returns what it found.

require "digest/sha2"
require "etc"
require "librunner"

# The jobs: they run in threads and may block. A running job is not interrupted when its task is
# cancelled, and the runner waits for it when it closes, so each looks at `stopped` between the pieces
# of its work. What it returns then is for nobody.
class Jobs
  Listing = Struct.new(:files, :directories, :error)

  BLOCK_BYTES = 64 * 1024

  attr_accessor :stopped

  # Symbolic links, devices and the like are left out.
  def list(path)
    found = Listing.new([], [])
    prefix = path.end_with?("/") ? path : "#{path}/"
    Dir.each_child(path, encoding: Encoding::BINARY) do |name|
      break if stopped

      add(found, prefix + name)
    end
    found
  rescue SystemCallError => e
    found.error = e
    found
  end

  # By bytes. Ctrl-C has to end it, too, when there are a million paths: from then on all are equal,
  # which ends a sort soon.
  def sort(paths)
    paths.sort! { |a, b| stopped ? 0 : a <=> b }
  end

  # The sum, or the error: a file that cannot be read does not end the work.
  def sum(path)
    digest = Digest::SHA256.new
    File.open(path, "rb") do |file|
      block = String.new(capacity: BLOCK_BYTES)
      digest << block while !stopped && file.read(BLOCK_BYTES, block)
    end
    digest.hexdigest
  rescue SystemCallError => e
    e
  end

  private

  def add(found, path)
    status = File.lstat(path)
    if status.file?
      found.files << path
    elsif status.directory?
      found.directories << path
    end
  rescue Errno::ENAMETOOLONG
    found.directories << path # whoever lists it is told
  rescue SystemCallError
    nil # it is gone again
  end
end

# The line on a terminal that shows how far the work got.
class Meter
  INTERVAL = 0.1

  def initialize(out)
    @out = out if out.tty?
  end

  # A task that ends by a cancel.
  def show
    return unless @out

    loop do
      @out.write("\r\e[K", yield)
      Librunner.sleep(INTERVAL)
    end
  ensure
    clear
  end

  def clear
    @out&.write("\r\e[K")
  end
end

# The work on one directory tree. Its variables belong to the tasks.
class Tree
  ESCAPES = { "\\" => "\\\\", "\n" => "\\n", "\r" => "\\r" }.freeze
  SPECIAL = /[\\\n\r]/n.freeze

  attr_reader :failed # something could not be read or written

  def initialize(path, places)
    @places = places # how many jobs at a time
    @jobs = Jobs.new
    @meter = Meter.new($stderr)
    @failed = false
    @level = [] # directories of the level of the tree that is being read
    @below = [] # directories found in them
    @files = []
    @sums = [] # one for each of the files, in the same order
    @done = 0  # files that were read, or could not be
    start_at(path.b)
  end

  # The main task.
  def run
    @free = Librunner::Semaphore.new(@places)
    Librunner::TaskGroup.open do |group|
      meter = group.spawn { @meter.show { progress } }
      read_directories
      sum_files
    ensure
      meter&.cancel
    end
    print_sums
  ensure
    @jobs.stopped = true
  end

  def progress = "#{@done} of #{@files.size} files"

  def complain(path, error)
    @meter.clear
    warn "treesum: #{path}: #{error_text(error)}"
    @failed = true
  end

  private

  def start_at(path)
    status = File.lstat(path)
    if status.directory?
      @level << path
    elsif status.file?
      @files << path
    elsif status.symlink?
      complain(path, "Symbolic link; to follow it, append a /")
    else
      complain(path, "Not a directory")
    end
  rescue SystemCallError => e
    complain(path, e)
  end

  # Has the block called for each, at most N at a time, and waits for the end. The first failure, or a
  # cancel of the calling task, ends all of it.
  def each_of(items)
    Librunner::TaskGroup.open do |group|
      items.each_with_index do |item, index|
        @free.acquire
        group.spawn do
          yield item, index
        ensure
          @free.release
        end
      end
    end
  end

  # Level by level, so that the directories of a level can be read side by side.
  def read_directories
    until @level.empty?
      each_of(@level) do |path|
        found = Librunner.in_thread { @jobs.list(path) }
        complain(path, found.error) if found.error
        @files.concat(found.files)
        @below.concat(found.directories)
      end
      @level = @below
      @below = []
    end
  end

  def sum_files
    Librunner.in_thread { @jobs.sort(@files) }
    each_of(@files) do |path, index|
      sum = Librunner.in_thread { @jobs.sum(path) }
      @sums[index] = sum
      @done += 1
      complain(path, sum) if sum.is_a?(SystemCallError)
    end
  end

  # Does not wait, so that Ctrl-C comes before it or after it: there is no half a result.
  def print_sums
    @files.zip(@sums) do |path, sum|
      next unless sum.is_a?(String)

      name = path.gsub(SPECIAL, ESCAPES)
      $stdout.write(name == path ? "" : "\\", sum, "  ", name, "\n")
    end
    $stdout.flush
  rescue SystemCallError => e
    complain("standard output", e)
  end

  # Without what Ruby adds to it.
  def error_text(error)
    error.is_a?(SystemCallError) ? error.class.new.message : error
  end
end

MOST_JOBS = 256

def usage(out)
  out.write(<<~TEXT)
    usage: ruby treesum.rb DIR [N]
    Print the SHA-256 sum of every regular file below DIR, sorted by path.
    N: how many files to read at the same time, 1 to #{MOST_JOBS}; default: 2 for each processor.
  TEXT
end

# DIR and N, or nil if they are not as they should be.
def parse(arguments)
  dir, number, *more = arguments
  return if dir.nil? || dir.start_with?("-") || !more.empty?
  return [dir, [2 * Etc.nprocessors, MOST_JOBS].min] if number.nil?

  jobs = number.match?(/\A[0-9]+\z/) ? number.to_i : 0
  [dir, jobs] if jobs.between?(1, MOST_JOBS)
end

# Without the scheduler, by which a task might wait in `write`. Dies by the signal in the end, as a shell
# expects it; at once, if there comes another one.
def run(tree, jobs)
  Librunner.run(executor_threads: jobs, scheduler: false) { tree.run }
rescue Interrupt
  trap(:INT, "SYSTEM_DEFAULT")
  warn "treesum: interrupted after #{tree.progress}"
  Process.kill(:INT, Process.pid)
  sleep
end

# The exit status.
def treesum(arguments)
  if arguments == ["--help"]
    usage($stdout)
    return 0
  end
  dir, jobs = parse(arguments)
  if dir.nil?
    usage($stderr)
    return 2
  end
  tree = Tree.new(dir, jobs)
  run(tree, jobs) unless tree.failed
  tree.failed ? 1 : 0
end

exit treesum(ARGV)
