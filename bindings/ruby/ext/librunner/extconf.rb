# frozen_string_literal: true

# Writes the Makefile of librunner/native.so.
#
#   --with-librunner-dir=DIR   the C library is installed in DIR; else pkg-config has to know it
#   --disable-librunner-rpath  who loads native.so has to know where librunner.so is
#   LIBRUNNER_WERROR=1         (environment) a warning of the compiler is an error
require "mkmf"

version_file = File.expand_path("../../lib/librunner/version.rb", __dir__)
GEM_VERSION = File.read(version_file)[/^\s*VERSION = "(\d+\.\d+\.\d+[^"]*)"/, 1] or
  abort "#{version_file} has no VERSION"
MAJOR, MINOR = GEM_VERSION.split(".").map(&:to_i)
# Before 1.0 a minor version may break the ABI.
WANTED = MAJOR.zero? ? "librunner #{MAJOR}.#{MINOR}" : "librunner #{MAJOR}, from #{MAJOR}.#{MINOR} on"

def give_up(what)
  abort <<~TEXT

    #{what.strip}

    This gem (#{GEM_VERSION}) is a layer on top of a C library, #{WANTED}, which has to be
    installed before it. In the sources of librunner:

        cmake --preset release -D RUNNER_BUILD_TESTS=OFF
        cmake --build build/release
        cmake --install build/release --prefix /usr/local

    If it is in a folder of its own, as /opt/librunner, say so:

        gem install librunner -- --with-librunner-dir=/opt/librunner

    What was tried is in #{File.expand_path("mkmf.log")}.
  TEXT
end

# ---- where it is ---------------------------------------------------------------------------------

# The folder of what matches first below DIR, as lib/librunner.so: lib may have another name.
def folder_in(dir, name)
  found = Dir.glob(%w[lib lib64 lib/*-*-*].map { |lib| File.join(lib, name) }, base: dir).first
  found && File.dirname(File.join(dir, found))
end

# Without pkg-config, which may be missing where the folder is known.
def use_folder(dir)
  libdir = folder_in(dir, "librunner.{so,dylib}")
  return unless libdir && File.exist?(File.join(dir, "include/runner.h"))

  $INCFLAGS << " " << "-I#{File.join(dir, "include")}".quote
  $LDFLAGS << " " << "-L#{libdir}".quote
  $libs << " -lrunner"
  libdir
end

# The folder of the library, or nil.
def use_librunner
  dir = with_config("librunner-dir")
  if dir
    dir = File.expand_path(dir)
    give_up "--with-librunner-dir=#{dir}: there is no such folder." unless File.directory?(dir)
    pc = folder_in(dir, "pkgconfig/runner.pc") or return use_folder(dir)
    ENV["PKG_CONFIG_PATH"] = [pc, ENV["PKG_CONFIG_PATH"]].compact.join(File::PATH_SEPARATOR)
  end
  if pkg_config("runner")
    pkg_config("runner", "variable=libdir").to_s
  elsif dir
    use_folder(dir)
  end
end

def why_not_found
  dir = with_config("librunner-dir")
  return "librunner is not in #{File.expand_path(dir)}." if dir
  return "librunner was not found: there is no pkg-config that could find it." unless $PKGCONFIG

  said = xpopen([$PKGCONFIG, "--print-errors", "--exists", "runner"], err: %i[child out], &:read)
  "librunner was not found. pkg-config says:\n\n#{said.strip.gsub(/^/, "    ")}"
end

# Where every program looks anyway. /usr/local/lib is such a folder on some systems only.
def system_folder?(dir)
  dir.match?(%r{\A(/usr)?/lib(64|/[^/]+-[^/]+-[^/]+)?\z})
end

# A library in a folder of its own is found without LD_LIBRARY_PATH. (Ruby's own --disable-rpath, which
# Debian builds it with, is not asked.)
def remember_folder(dir)
  return if dir.empty? || !enable_config("librunner-rpath", true)

  dir = File.realpath(dir)
  $LDFLAGS << " " << "-Wl,-rpath,#{dir}".quote unless system_folder?(dir)
end

# ---- whether it will do --------------------------------------------------------------------------

def check_platform
  abort "librunner is written for CRuby, and this is #{RUBY_ENGINE}." unless RUBY_ENGINE == "ruby"
  return if try_static_assert("sizeof(void *) == 8")

  abort "librunner for Ruby needs a system of 64 bits."
end

def check_version
  fits = checking_for("#{WANTED} in runner.h") do
    minor = MAJOR.zero? ? "!=" : "<"
    try_compile(<<~C)
      #include <runner.h>
      #if RUNNER_VERSION_MAJOR != #{MAJOR} || RUNNER_VERSION_MINOR #{minor} #{MINOR}
      #error "another version"
      #endif
    C
  end
  return if fits

  parts = %w[MAJOR MINOR PATCH].map { |part| try_constant("RUNNER_VERSION_#{part}", "runner.h") }
  found = parts.all? ? parts.join(".") : "of another version"
  give_up "librunner #{found} was found, and this gem needs #{WANTED}."
end

def check_library
  have_header("runner.h") or give_up "The header of librunner, runner.h, cannot be compiled."
  check_version
  have_func("runner_abi_version", "runner.h") or give_up "A program cannot be linked with librunner."
end

check_platform
libdir = use_librunner or give_up why_not_found
remember_folder(libdir)
check_library

# ---- what this Ruby has --------------------------------------------------------------------------

have_header("ruby/io/buffer.h")
have_const("RB_NOGVL_PENDING_INTR_FAIL", "ruby/thread.h")

# ---- how to compile ------------------------------------------------------------------------------

# The headers of Ruby are no good with all of -Wextra: Ruby itself is compiled so.
append_cflags(%w[-fvisibility=hidden -Wno-unused-parameter -Wno-missing-field-initializers -Wall -Wextra])
if ENV["LIBRUNNER_WERROR"] == "1"
  $warnflags = "" # Ruby has a taste of its own
  $CFLAGS << " -Werror"
end

create_makefile("librunner/native") do |lines|
  # What SWIG writes has functions and labels that are not used.
  lines << "librunner_wrap.o: CFLAGS += -Wno-unused-function -Wno-unused-label\n"
end
