# frozen_string_literal: true

require "rbs"
require "yaml"

# The signatures of the binding, with those of the libraries that they stand on.
module Signatures
  def self.environment(folder)
    loader = RBS::EnvironmentLoader.new
    loader.add(path: Pathname(folder))
    manifest = File.join(folder, "manifest.yaml")
    if File.exist?(manifest)
      YAML.safe_load_file(manifest).fetch("dependencies").each { |library| loader.add(library: library["name"]) }
    end
    RBS::Environment.from_loader(loader).resolve_type_names
  end

  # Of a full name, such as "Librunner::Task".
  def self.type_name(path)
    RBS::TypeName.respond_to?(:parse) ? RBS::TypeName.parse("::#{path}") : RBS::TypeName("::#{path}")
  end
end
