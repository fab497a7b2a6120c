#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "runner/store/temp_file.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"

#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

/// Text of the Dockerfile or of a step may be any bytes; JSON may not.
std::string dump(const json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string digest_text(const attest::Digest& digest)
{
    return digest.empty() ? "" : digest.text();
}

json evidence_to_json(const attest::StepEvidence& evidence)
{
    return {{"name", evidence.name},
            {"stage", evidence.stage},
            {"key", digest_text(evidence.key)},
            {"plan", digest_text(evidence.plan)},
            {"origin", evidence.origin_invocation},
            {"exit", evidence.exit_code},
            {"verdict", evidence.verdict},
            {"seconds", evidence.seconds},
            {"landlock", evidence.landlock_abi},
            {"seccomp", evidence.seccomp},
            {"layer", digest_text(evidence.layer)},
            {"limits_held_by", evidence.limits_held_by},
            {"lowers_verified", evidence.lowers_verified}};
}

attest::StepEvidence evidence_from_json(const json& value)
{
    return {.name = value.at("name"),
            .stage = value.at("stage"),
            .key = digest_of_text(value.at("key")),
            .plan = digest_of_text(value.at("plan")),
            .cached = true,
            .origin_invocation = value.at("origin"),
            .exit_code = value.at("exit"),
            .verdict = value.at("verdict"),
            .seconds = value.at("seconds"),
            .landlock_abi = value.at("landlock"),
            .seccomp = value.at("seccomp"),
            .layer = digest_of_text(value.at("layer")),
            .limits_held_by = value.at("limits_held_by"),
            .lowers_verified = value.value("lowers_verified", false)};
}

json entry_to_json(const attest::Digest& key, const std::string& boot, const StepEntry& entry)
{
    json value = {{"key", key.text()},
                  {"boot", boot},
                  {"tree", entry.tree},
                  {"evidence", evidence_to_json(entry.evidence)},
                  {"tail", base64_encode(entry.output_tail)}};
    if (entry.layer)
        value["layer"] = {{"blob", to_json(entry.layer->blob)},
                          {"diff_id", entry.layer->diff_id.text()}};
    return value;
}

/// Nothing for what another version of ours wrote: what it did not record cannot be made up.
std::optional<StepEntry> entry_from_json(const json& value)
try {
    StepEntry entry{.tree = value.at("tree"),
                    .evidence = evidence_from_json(value.at("evidence")),
                    .output_tail =
                        base64_decode(value.at("tail").get<std::string>()).value_or(std::string())};
    if (value.contains("layer"))
        entry.layer = Layer{.blob = descriptor_from_json(value["layer"].at("blob")),
                            .diff_id = digest_of_text(value["layer"].at("diff_id"))};
    return entry;
} catch (const json::exception&) {
    return std::nullopt;
}

std::string file_name(const attest::Digest& key)
{
    return key.hex() + ".json";
}

/// An entry's time says when it was used last; what is not used for long is collected first.
void note_use(const UniqueFd& place, const std::string& name)
{
    // a store on a disk that is full or read-only still answers
    (void)::utimensat(place.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

} // namespace

std::optional<StepEntry> Store::find_step(const attest::Digest& key) const
{
    const auto body = state_->find_entry(state_->steps, file_name(key));
    if (!body) return std::nullopt;
    const json value = json::parse(*body);
    // a whole entry under another's name is no better than a damaged one
    if (value.at("key") != key.text()) return std::nullopt;
    std::optional<StepEntry> read = entry_from_json(value);
    note_use(state_->steps, file_name(key));
    if (!read || !read->layer) return read; // without a layer: the step changed no file
    StepEntry& entry = *read;

    // Without its layer there is no step to speak of. Its tree may be gone, or of an earlier boot:
    // then it may have lost what was not yet on disk when the machine stopped, and nobody can tell
    // without packing it. The layer, whose bytes are checked, takes its place.
    const bool this_boot = value.at("boot") == state_->mark.boot();
    const bool layer_holds = has_blob(entry.layer->blob.digest, entry.layer->blob.size);
    const bool tree_holds = entry.tree.empty() || (this_boot && has_tree(entry.tree));
    if (layer_holds && tree_holds) return entry;
    const std::string lost = std::exchange(entry.tree, {});
    if (layer_holds)
        state_->put_entry(
            state_->steps, file_name(key), dump(entry_to_json(key, state_->mark.boot(), entry)));
    else
        state_->remove_entry(state_->steps, file_name(key));
    // of this boot, a running build may have it mounted
    if (!this_boot && has_tree(lost)) state_->abandon_tree(lost);
    return layer_holds ? std::optional(std::move(entry)) : std::nullopt;
}

void Store::put_step(const attest::Digest& key, const StepEntry& entry)
{
    if (!entry.tree.empty() && !entry.layer)
        throw Error(ErrorKind::kInternal, "a step with a tree is kept only with its layer");
    state_->put_entry(
        state_->steps, file_name(key), dump(entry_to_json(key, state_->mark.boot(), entry)));
}

std::optional<LayerTree> Store::find_layer_tree(const attest::Digest& chain) const
{
    const auto body = state_->find_entry(state_->layers, file_name(chain));
    if (!body) return std::nullopt;
    const json value = json::parse(*body);
    if (value.at("chain") != chain.text()) return std::nullopt;
    const std::string tree = value.at("tree");
    note_use(state_->layers, file_name(chain));
    if (value.at("boot") == state_->mark.boot() && has_tree(tree))
        return LayerTree{.tree = tree, .measured = digest_of_text(value.value("measured", ""))};
    // of an earlier boot: see find_step
    state_->remove_entry(state_->layers, file_name(chain));
    if (has_tree(tree)) state_->abandon_tree(tree);
    return std::nullopt;
}

void Store::put_layer_tree(const attest::Digest& chain, const LayerTree& tree)
{
    state_->put_entry(state_->layers,
                      file_name(chain),
                      dump({{"chain", chain.text()},
                            {"boot", state_->mark.boot()},
                            {"tree", tree.tree},
                            {"measured", digest_text(tree.measured)}}));
}

void Store::distrust_tree(const std::string& tree)
{
    for (const UniqueFd* place : {&state_->steps, &state_->layers})
        for (const std::string& name : names_in(place->get())) {
            const auto body = state_->find_entry(*place, name);
            // a step's entry goes whole: what it wrote may come from files that were not as they
            // should
            if (body && json::parse(*body).at("tree") == tree) state_->remove_entry(*place, name);
        }
    // the tree itself stays until prune: a running build may have it mounted
}

std::vector<std::string> Store::State::named_trees() const
{
    std::vector<std::string> named;
    for (const UniqueFd* place : {&steps, &layers})
        for (const std::string& name : names_in(place->get()))
            if (const auto body = find_entry(*place, name))
                named.push_back(json::parse(*body).at("tree"));
    return named;
}

} // namespace caisson::runner
