#include "runner/cli/command.hh"
#include "runner/job/site.hh"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

namespace caisson::runner {
namespace {

/// The trees belong to subordinate ids: `rm -r` by their owner's user fails, so it is a chamber
/// that removes them.
int prune(bool all)
{
    const std::unique_ptr<Store> store = Store::open(Store::default_path());
    const std::vector<std::string> trees = all ? store->forget_all() : store->leftover_trees();
    if (!trees.empty()) {
        Site site(*store);
        site.chamber().remove(trees).get();
    }
    store->forget_leftovers();
    std::printf("%zu trees removed\n", trees.size());
    return 0;
}

} // namespace

Action add_store(CLI::App& app)
{
    app.require_subcommand(1);
    CLI::App* verb = app.add_subcommand("prune", "Remove what builds that ended badly left behind");
    auto all = std::make_shared<bool>(false);
    verb->add_flag("--all", *all, "Remove everything: images, cache, trees");
    return [all] { return prune(*all); };
}

} // namespace caisson::runner
