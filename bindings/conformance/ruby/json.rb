# frozen_string_literal: true

require "json"

module Conformance
  # Values of JSON are nil, true, false, String, Integer, Float, Array and Hash. A Hash keeps the order
  # of its keys, in which offences are told. Of a key that stands there twice the last value counts.
  #
  # The library takes more than JSON: comments, unknown escapes, half a surrogate pair, and the older
  # ones a text that is not UTF-8. So the tokens are looked at first.
  module Json
    CHARACTER = %r{
      [^"\\\x00-\x1f] |
      \\["\\/bfnrt] |
      \\u(?![dD][89a-fA-F])\h{4} |
      \\u[dD][89abAB]\h{2}\\u[dD][c-fC-F]\h{2}
    }x
    NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![-+.0-9eE])/
    TOKEN = /"#{CHARACTER}*+"|#{NUMBER}|true|false|null|[\[\]{}:,]|[ \t\r\n]/
    TOKENS = /\A(?:#{TOKEN})*+\z/
    private_constant :CHARACTER, :NUMBER, :TOKEN, :TOKENS

    # As many as interpreters in other languages take.
    MOST_LEVELS = 2048

    # What a text cannot be that is not JSON in UTF-8.
    NOTHING = Object.new

    module_function

    def parse(data)
      text = String.new(data, encoding: Encoding::UTF_8)
      return NOTHING unless text.valid_encoding? && TOKENS.match?(text)

      JSON.parse(text, max_nesting: MOST_LEVELS, allow_duplicate_key: true)
    rescue JSON::ParserError
      NOTHING
    end
  end
end
