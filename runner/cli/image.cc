// `caisson image`: what is in the store under a name, and how it gets out again.

#include "runner/cli/command.hh"
#include "runner/image/blob_source.hh"
#include "runner/image/manifest.hh"
#include "runner/image/output.hh"
#include "runner/image/reference.hh"
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

std::unique_ptr<Store> open_store()
{
    return Store::open(Store::default_path());
}

ImageRef require_image(const Store& store, const std::string& name)
{
    std::optional<ImageRef> image = store.find_image(name);
    if (!image)
        throw Error(ErrorKind::kInput,
                    "no image \"" + printable(name) + "\" in the store \"" + store.root().native() +
                        "\"",
                    "caisson image list shows what there is");
    return std::move(*image);
}

std::uint64_t size_of(const BaseImage& image)
{
    std::uint64_t size = image.manifest.size;
    for (const Layer& layer : image.layers)
        size += layer.blob.size;
    return size;
}

std::string in_units(std::uint64_t bytes)
{
    constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    auto amount = static_cast<double>(bytes);
    for (; amount >= 999.5 && unit + 1 < kUnits.size(); ++unit)
        amount /= 1000;
    std::array<char, 32> text = {};
    (void)std::snprintf(text.data(),
                        text.size(),
                        unit == 0 || amount >= 9.95 ? "%.0f %s" : "%.1f %s",
                        amount,
                        kUnits[unit]);
    return text.data();
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

// ---- copy

/// `oci:DIR[:tag]` or `oci-archive:FILE[:tag]`, as skopeo writes them.
struct Destination {
    bool archive = false;
    std::string path;
    std::string tag;
};

Destination parse_destination(const std::string& text)
{
    Destination destination;
    std::string rest;
    if (text.starts_with("oci:")) {
        rest = text.substr(4);
    } else if (text.starts_with("oci-archive:")) {
        destination.archive = true;
        rest = text.substr(12);
    } else {
        throw Error(ErrorKind::kUsage,
                    "destination \"" + printable(text) + "\" is of no known kind",
                    "oci:DIR[:tag] or oci-archive:FILE[:tag]");
    }
    const std::size_t colon = rest.rfind(':');
    if (colon != std::string::npos && rest.find('/', colon) == std::string::npos) {
        destination.tag = rest.substr(colon + 1);
        rest.resize(colon);
    }
    destination.path = rest;
    if (rest.empty()) throw Error(ErrorKind::kUsage, "the destination names no path");
    return destination;
}

int copy(const std::string& name, const std::string& target)
{
    const Destination destination = parse_destination(target);
    const std::unique_ptr<Store> store = open_store();
    const ImageRef ref = require_image(*store, name);
    std::string new_name = ref.name;
    if (!destination.tag.empty())
        new_name = Reference::parse(Reference::parse(ref.name).repository() + ":" + destination.tag)
                       .familiar();
    const OutputImage image{.manifest = ref.manifest, .names = {new_name}, .bundle = ref.bundle};
    if (destination.archive)
        write_oci_archive(*store, image, destination.path);
    else
        write_oci_layout(*store, image, destination.path);
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
    std::string destination;
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

    CLI::App* copy_verb = app.add_subcommand(
        "copy", "Write an image and its attestation as an OCI layout or archive");
    copy_verb->add_option("NAME", options->name, "A name or a digest")->required();
    copy_verb
        ->add_option("DESTINATION", options->destination, "oci:DIR[:tag] or oci-archive:FILE[:tag]")
        ->required();

    CLI::App* remove_verb = app.add_subcommand(
        "rm",
        "Remove names from the store. What they named stays on disk, for other images and the "
        "step cache may use it; this version has no command that clears it");
    remove_verb->add_option("NAME", options->names, "Names or digests")->required();

    return [=] {
        if (list_verb->parsed()) return list(options->json);
        if (inspect_verb->parsed()) return inspect(options->name, options->json);
        if (copy_verb->parsed()) return copy(options->name, options->destination);
        return remove(options->names);
    };
}

} // namespace caisson::runner
