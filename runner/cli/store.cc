#include "runner/cli/command.hh"
#include "runner/cli/image_store.hh"
#include "runner/job/site.hh"
#include "sandbox/base/error.hh"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace caisson::runner {
namespace {

/// The trees belong to subordinate ids: `rm -r` by their owner's user fails, so it is a chamber
/// that removes them.
void remove_trees(Store& store, const std::vector<std::string>& trees)
{
    if (trees.empty()) return;
    Site site(store);
    site.chamber().remove(trees).get();
}

int prune_all()
{
    const std::unique_ptr<Store> store = open_store();
    const std::vector<std::string> trees = store->forget_all();
    remove_trees(*store, trees);
    store->forget_leftovers();
    std::printf("%zu trees removed\n", trees.size());
    return 0;
}

int prune(std::optional<std::chrono::hours> age)
{
    const std::unique_ptr<Store> store = open_store();
    // what builds that ended badly left is nobody's, whoever works here meanwhile
    const std::vector<std::string> leftovers = store->leftover_trees();
    remove_trees(*store, leftovers);
    store->forget_leftovers();
    const Store::Collected collected = store->collect(age);
    remove_trees(*store, collected.trees);
    std::printf("%zu trees, %zu cached steps and %zu blobs removed (%s)\n",
                leftovers.size() + collected.trees.size(),
                collected.steps,
                collected.blobs,
                in_units(collected.bytes).c_str());
    return 0;
}

int usage(bool as_json)
{
    const Store::Usage usage = open_store()->usage();
    if (as_json) {
        const nlohmann::json json = {{"images", usage.images},
                                     {"steps", usage.steps},
                                     {"trees", usage.trees},
                                     {"blobs", usage.blobs},
                                     {"blobBytes", usage.blob_bytes},
                                     {"looseBlobs", usage.loose_blobs},
                                     {"looseBytes", usage.loose_bytes}};
        std::printf("%s\n", json.dump(2).c_str());
        return 0;
    }
    std::printf("images        %zu\ncached steps  %zu\ntrees         %zu\n",
                usage.images,
                usage.steps,
                usage.trees);
    std::printf("blobs         %zu, %s\nof them loose %zu, %s (caisson store prune removes them)\n",
                usage.blobs,
                in_units(usage.blob_bytes).c_str(),
                usage.loose_blobs,
                in_units(usage.loose_bytes).c_str());
    return 0;
}

int verify()
{
    const std::unique_ptr<Store> store = open_store();
    const std::vector<std::string> damage = store->verify();
    for (const std::string& line : damage)
        std::printf("%s\n", line.c_str());
    if (damage.empty()) return 0;
    throw Error(ErrorKind::kInput,
                "the store \"" + store->root().native() + "\" is damaged in " +
                    std::to_string(damage.size()) + " places",
                "what was damaged lies in its quarantine/; build or pull those images again");
}

} // namespace

Action add_store(CLI::App& app)
{
    app.require_subcommand(1);
    struct Options {
        bool all = false;
        bool json = false;
        long days = 0;
    };
    auto options = std::make_shared<Options>();

    CLI::App* usage_verb = app.add_subcommand("usage", "Show what is in the store");
    usage_verb->add_flag("--json", options->json, "As JSON");

    CLI::App* verify_verb = app.add_subcommand(
        "verify", "Read all of it, and move what is damaged into its quarantine/");

    CLI::App* prune_verb = app.add_subcommand(
        "prune", "Remove what nothing names, and what builds that ended badly left behind");
    CLI::Option* days =
        prune_verb
            ->add_option("--unused-for",
                         options->days,
                         "Also cached steps and layers that nobody used for so many days")
            ->check(CLI::Range(0L, 100000L));
    prune_verb->add_flag("--all", options->all, "Remove everything: images, cache, trees")
        ->excludes(days);

    return [=] {
        if (usage_verb->parsed()) return usage(options->json);
        if (verify_verb->parsed()) return verify();
        if (options->all) return prune_all();
        return prune(days->count() > 0 ? std::optional(std::chrono::hours(options->days * 24))
                                       : std::nullopt);
    };
}

} // namespace caisson::runner
