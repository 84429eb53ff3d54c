# frozen_string_literal: true

module Librunner
  # The version of the gem, and of the library that it is made for.
  # @since 0.1
  VERSION = "0.1.0"
end
