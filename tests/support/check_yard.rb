# frozen_string_literal: true

# ruby check_yard.rb FOLDER_OF_THE_GEM
# Whether every public name is documented by YARD: a text, each parameter, what comes back, since when.
# YARD's own warnings, as for a link to nowhere, are failures.
require "yard"

Dir.chdir(ARGV.fetch(0))

# A name that a user of the gem may use.
def public_name?(object)
  until object.root?
    return false if object.visibility != :public || object.has_tag?(:private)
    return false if object.tag(:api)&.text == "private"

    object = object.namespace
  end
  true
end

# The parameters, without what marks them: "limit:" and "*names" are limit and names.
def parameters(method)
  method.parameters.map(&:first).reject { |name| name.start_with?("&") || name == "..." }
        .map { |name| name.delete("*:") }.reject(&:empty?)
end

def returns_nothing?(method)
  method.constructor? || method.name.end_with?("=")
end

# An attribute is documented by what it returns; the one that sets it goes with it.
def lacks_of_method(method)
  return [] if method.is_attribute? && method.writer?
  return [] if %i[inspect to_s].include?(method.name)

  described = (method.tags(:param) + method.tags(:option)).map(&:name).uniq
  lacks = (parameters(method) - described).map { |name| "@param #{name}" }
  lacks << "@return" unless returns_nothing?(method) || method.has_tag?(:return) || method.has_tag?(:overload)
  lacks.concat((described - parameters(method)).map { |name| "no parameter for @param #{name}" })
end

# By what it returns, or by what everything of that name does.
def documents_itself?(object)
  object.has_tag?(:return) || object.has_tag?(:overload) || %i[inspect to_s].include?(object.name)
end

def lacks_of(object)
  lacks = []
  lacks << "a text" if object.docstring.blank?(false) && !documents_itself?(object)
  lacks << "@since" unless object.has_tag?(:since)
  lacks.concat(lacks_of_method(object)) if object.is_a?(YARD::CodeObjects::MethodObject)
  lacks
end

YARD::Logger.instance.level = YARD::Logger::WARN
YARD::CLI::Yardoc.run("--no-save", "--no-cache", "--no-output", "--no-stats")
names = YARD::Registry.all(:module, :class, :method, :constant).select { |object| public_name?(object) }
found = names.to_h { |object| [object, lacks_of(object)] }.reject { |_, lacks| lacks.empty? }
found.each do |object, lacks|
  puts "#{object.file}:#{object.line}: #{object.path}: lacks #{lacks.join(", ")}"
end
puts "#{names.size - found.size} of #{names.size} public names are documented"
exit found.empty? && names.any? && !YARD::Logger.instance.warned
