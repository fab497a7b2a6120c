// `caisson image`: what is in the store under a name.

#include "runner/cli/command.hh"
#include "runner/cli/image_store.hh"
#include "runner/image/blob_source.hh"
#include "runner/image/manifest.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

using nlohmann::json;

void print(const std::string& text)
{
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw SysError(errno, "write to standard output");
}

/// For a program, and safe on a terminal: everything but printable ASCII is escaped.
void print(const json& value)
{
    print(value.dump(2, ' ', true) + "\n");
}

std::uint64_t size_of(const BaseImage& image)
{
    std::uint64_t size = image.manifest.size;
    for (const Layer& layer : image.layers)
        size += layer.blob.size;
    return size;
}

// ---- list

json row_to_json(const ImageRef& ref)
{
    return {{"name", ref.name},
            {"digest", ref.manifest.digest.text()},
            {"created", ref.created},
            {"attestation", ref.bundle.empty() ? json() : json(ref.bundle.text())}};
}

std::string padded(std::string text, std::size_t width)
{
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

int list(bool as_json)
{
    const std::vector<ImageRef> images = open_store()->images();
    if (as_json) {
        json rows = json::array();
        for (const ImageRef& ref : images)
            rows.push_back(row_to_json(ref));
        print(rows);
        return 0;
    }
    std::size_t width = 4;
    for (const ImageRef& ref : images)
        width = std::max(width, printable(ref.name).size());
    std::string table = padded("NAME", width) + "  " + padded("DIGEST", 19) + "  " +
                        padded("CREATED", 20) + "  ATTESTATION\n";
    for (const ImageRef& ref : images)
        table += padded(printable(ref.name), width) + "  " +
                 ref.manifest.digest.text().substr(0, 19) + "  " +
                 padded(printable(ref.created), 20) + "  " + (ref.bundle.empty() ? "none" : "yes") +
                 "\n";
    print(table);
    return 0;
}

// ---- inspect

json layers_to_json(const std::vector<Layer>& layers)
{
    json list = json::array();
    for (const Layer& layer : layers)
        list.push_back({{"digest", layer.blob.digest.text()},
                        {"size", layer.blob.size},
                        {"mediaType", layer.blob.media_type},
                        {"diffId", layer.diff_id.text()}});
    return list;
}

std::string joined(const std::vector<std::string>& words)
{
    std::string line;
    for (const std::string& word : words)
        line += (line.empty() ? "" : " ") + json(word).dump(-1, ' ', true);
    return line;
}

std::string describe(const ImageRef& ref, const BaseImage& image)
{
    const ImageConfig& config = image.config;
    std::string page;
    const auto line = [&](const char* name, const std::string& value) {
        if (!value.empty()) page += padded(name, 13) + printable(value) + "\n";
    };
    line("name", ref.name);
    line("digest", ref.manifest.digest.text());
    line("attestation", ref.bundle.empty() ? "none" : ref.bundle.text());
    line("stored", ref.created);
    line("created", config.created);
    line("platform", config.os + "/" + config.architecture);
    line("size", in_units(size_of(image)));
    line("user", config.user);
    line("directory", config.working_directory);
    line("entrypoint", joined(config.entrypoint));
    line("command", joined(config.cmd));
    for (const auto& [name, value] : config.environment)
        line("environment", name + "=" + value);
    for (const std::string& port : config.exposed_ports)
        line("port", port);
    for (const std::string& volume : config.volumes)
        line("volume", volume);
    for (const auto& [key, value] : config.labels)
        line("label", key + "=" + value);
    line("stop signal", config.stop_signal);
    for (const Layer& layer : image.layers)
        line("layer", layer.blob.digest.text() + "  " + in_units(layer.blob.size));
    return page;
}

int inspect(const std::string& name, bool as_json)
{
    const std::unique_ptr<Store> store = open_store();
    const ImageRef ref = require_image(*store, name);
    const BaseImage image = read_image(*store, ref.manifest);
    if (!as_json) {
        print(describe(ref, image));
        return 0;
    }
    json whole = row_to_json(ref);
    whole["mediaType"] = ref.manifest.media_type;
    whole["size"] = size_of(image);
    whole["config"] = json::parse(to_json_text(image.config));
    whole["layers"] = layers_to_json(image.layers);
    print(whole);
    return 0;
}

// ---- rm

int remove(const std::vector<std::string>& names)
{
    const std::unique_ptr<Store> store = open_store();
    // all or none: a name that is wrong is found before the first is gone
    std::vector<std::string> found;
    for (const std::string& name : names)
        found.push_back(require_image(*store, name).name);
    for (const std::string& name : found)
        (void)store->remove_image(name); // another process may have been first
    return 0;
}

struct ImageOptions {
    std::string name;
    std::vector<std::string> names;
    bool json = false;
};

} // namespace

Action add_image(CLI::App& app)
{
    const auto options = std::make_shared<ImageOptions>();
    app.require_subcommand(1);

    CLI::App* list_verb = app.add_subcommand("list", "Show the images of the store");
    list_verb->add_flag("--json", options->json, "As JSON");

    CLI::App* inspect_verb = app.add_subcommand(
        "inspect", "Show an image: configuration, layers, digests, whether it is attested");
    inspect_verb->add_option("NAME", options->name, "A name or a digest")->required();
    inspect_verb->add_flag("--json", options->json, "As JSON");

    CLI::App* remove_verb = app.add_subcommand(
        "rm",
        "Remove names from the store. What they named stays on disk, for other images and the "
        "step cache may use it; this version has no command that clears it");
    remove_verb->add_option("NAME", options->names, "Names or digests")->required();

    const Action transfer = add_image_transfer(app);
    return [=] {
        if (list_verb->parsed()) return list(options->json);
        if (inspect_verb->parsed()) return inspect(options->name, options->json);
        if (remove_verb->parsed()) return remove(options->names);
        return transfer();
    };
}

} // namespace caisson::runner
