# frozen_string_literal: true

# ruby check_rbs.rb FOLDER_OF_THE_GEM
# Whether the signatures of sig/ say of every public name what the program says, and nothing else:
# modules, constants, methods, and which parameters a method takes. What YARD knows as `@api private`
# is nobody's business.
require "yard"
require "librunner"
require_relative "signatures"

# What cannot be judged, as parameters of what is written in C, is taken to be right.
class SignatureCheck
  EVERYWHERE = %i[inspect to_s].freeze # objects have them anyway

  attr_reader :faults, :count

  def initialize(folder)
    @faults = []
    @count = 0
    @env = Signatures.environment(File.join(folder, "sig"))
    @builder = RBS::DefinitionBuilder.new(env: @env)
    @hidden = hidden_names(File.join(folder, "lib"))
  end

  def run
    check_module(Librunner)
    @env.class_decls.each_key { |name| check_declared(name.to_s.delete_prefix("::")) }
    @env.constant_decls.each_key { |name| check_declared(name.to_s.delete_prefix("::")) }
  end

  private

  def fault(name, what)
    @faults << "#{name}: #{what}"
  end

  def hidden_names(lib)
    YARD::Logger.instance.level = YARD::Logger::ERROR
    YARD.parse(File.join(lib, "**/*.rb"))
    hidden = YARD::Registry.all.select do |object|
      object.tag(:api)&.text == "private" || object.has_tag?(:private)
    end
    hidden.to_set(&:path)
  end

  # A method, or all of the module that it stands in.
  def hidden?(path)
    @hidden.include?(path) || @hidden.include?(path[/\A[^#.]*/])
  end

  # ---- what the program has ----------------------------------------------------------------------

  def check_module(mod)
    return unless declared?(mod)

    type_name = Signatures.type_name(mod.name)
    check_superclass(mod, type_name) if mod.is_a?(Class)
    check_methods(mod, "#", @builder.build_instance(type_name), methods_of(mod, [:initialize]))
    check_methods(mod.singleton_class, ".", @builder.build_singleton(type_name), methods_of(mod.singleton_class))
    mod.constants(false).each { |name| check_constant(mod, name) }
  end

  def declared?(mod)
    @count += 1
    return true if @env.class_decls.key?(Signatures.type_name(mod.name))

    fault(mod.name, "has no signature")
    false
  end

  def check_superclass(mod, type_name)
    declared = @builder.ancestor_builder.one_instance_ancestors(type_name).super_class&.name
    real = mod.ancestors.drop(1).find { |of| of.is_a?(Class) && !private?(of) }.name
    fault(mod.name, "inherits from #{real}, not from #{declared}") unless declared.to_s == "::#{real}"
  end

  def check_constant(mod, name)
    full = "#{mod.name}::#{name}"
    value = mod.const_get(name)
    return if @hidden.include?(full)
    return check_module(value) if value.is_a?(Module) && value.name == full

    @count += 1
    alias_of = value.is_a?(Module) && @env.respond_to?(:class_alias_decls) &&
               @env.class_alias_decls.key?(Signatures.type_name(full))
    return if alias_of || @env.constant_decls.key?(Signatures.type_name(full))

    fault(full, "has no signature")
  end

  # The public ones that are its own or come from where nobody sees them, and some private ones.
  def methods_of(mod, more = [])
    unseen = mod.ancestors.drop(1).select { |of| private?(of) }
    ([mod] + unseen).flat_map { |of| of.public_instance_methods(false) }.uniq +
      (more & mod.private_instance_methods(false))
  end

  # A module of the binding that has no name for others.
  def private?(mod)
    return false unless mod.name&.start_with?("Librunner::")

    !lookup(mod.name).equal?(mod)
  rescue NameError
    true
  end

  def check_methods(mod, mark, definition, names)
    owner = mod.singleton_class? ? mod.inspect[/\A#<Class:(.*)>\z/, 1] : mod.name
    names.each do |name|
      full = "#{owner}#{mark}#{name}"
      real = mod.instance_method(name)
      next if EVERYWHERE.include?(name) || [full, "#{real.owner.name}#{mark}#{name}"].any? { |path| hidden?(path) }

      @count += 1
      method = definition.methods[name]
      next fault(full, "has no signature") unless method && method.defined_in.to_s.start_with?("::Librunner")

      check_parameters(full, real, method.method_types.map(&:type))
    end
  end

  # ---- parameters --------------------------------------------------------------------------------

  def check_parameters(name, method, types)
    kinds = method.parameters.group_by(&:first).transform_values { |of| of.map(&:last) }
    return if method.source_location.nil? || types.any? { |type| !type.respond_to?(:required_positionals) }

    check_positionals(name, kinds, types)
    check_keywords(name, kinds, types)
  end

  def check_positionals(name, kinds, types)
    least = kinds.fetch(:req, []).size
    most = kinds.key?(:rest) ? Float::INFINITY : least + kinds.fetch(:opt, []).size
    says_least = types.map { |type| type.required_positionals.size + type.trailing_positionals.size }.min
    says_most = types.map { |type| positionals(type) }.max
    return if least == says_least && most == says_most

    fault(name, "takes #{least}..#{most} parameters, and its signature says #{says_least}..#{says_most}")
  end

  def positionals(type)
    return Float::INFINITY if type.rest_positionals

    type.required_positionals.size + type.optional_positionals.size + type.trailing_positionals.size
  end

  def check_keywords(name, kinds, types)
    wanted = kinds.fetch(:keyreq, [])
    known = wanted + kinds.fetch(:key, [])
    said = types.flat_map { |type| type.required_keywords.keys + type.optional_keywords.keys }.uniq
    said_rest = types.any?(&:rest_keywords)
    fault(name, "needs #{wanted.join(", ")}") unless types.all? { |type| (wanted - type.required_keywords.keys).empty? }
    fault(name, "does not take #{(said - known).join(", ")}") unless kinds.key?(:keyrest) || (said - known).empty?
    fault(name, "has #{(known - said).join(", ")} as well") unless said_rest || (known - said).empty?
    fault(name, "takes no others by name") if said_rest && !kinds.key?(:keyrest)
  end

  # ---- what the signatures say -------------------------------------------------------------------

  # The constant that a user gets by this name. It is none if it is private.
  def lookup(path)
    path.split("::").inject(Object) { |mod, name| eval("mod::#{name}", binding, __FILE__, __LINE__) } # rubocop:disable Security/Eval
  end

  def check_declared(path)
    return unless path == "Librunner" || path.start_with?("Librunner::")

    value = lookup(path)
    check_declared_methods(path, value) if value.is_a?(Module) && value.name == path
  rescue NameError
    fault(path, "has a signature, and is not there or private")
  end

  def check_declared_methods(path, mod)
    type_name = Signatures.type_name(path)
    { "#" => [@builder.build_instance(type_name), mod],
      "." => [@builder.build_singleton(type_name), mod.singleton_class] }.each do |mark, (definition, owner)|
      definition.methods.each do |name, method|
        next unless method.implemented_in == type_name && method.public?
        next if name == :initialize || name == :new || owner.public_method_defined?(name)

        fault("#{path}#{mark}#{name}", "has a signature, and is not there or private")
      end
    end
  end
end

check = SignatureCheck.new(ARGV.fetch(0))
check.run
puts check.faults.uniq.sort
puts "#{check.count} names, #{check.faults.uniq.size} faults"
exit check.faults.empty?
