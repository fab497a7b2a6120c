#include "sandbox/messages.hh"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

TEST(Messages, BringAnOutcomeBack)
{
    const json sent = to_json(Outcome{.kind = Outcome::Kind::kNotFound,
                                      .code = 127,
                                      .limit = "memory_bytes",
                                      .allowed = 1ULL << 41,
                                      .detail = "\"x\": not found in PATH",
                                      .wall = std::chrono::microseconds(5),
                                      .cpu = std::chrono::microseconds(6),
                                      .peak_memory_bytes = 1ULL << 40,
                                      .landlock_abi = 6});

    EXPECT_EQ(to_json(outcome_from_json(sent)), sent);
}

TEST(Messages, BringWhatTreesAreAskedBack)
{
    const json received = to_json(ReceiveOptions{.lowers = {"b", "a"},
                                                 .upper = "u",
                                                 .destination = "/srv/",
                                                 .directory = true,
                                                 .owner = "7:8",
                                                 .archive = true});
    const json collected = to_json(CollectOptions{
        .lowers = {"a"}, .patterns = {"*.c"}, .mode = "0755", .clamp_epoch = 1'700'000'000});
    const json stats = to_json(TreeStats{.entries = 3, .bytes = 1ULL << 40, .archive = false});

    EXPECT_EQ(to_json(receive_options_from_json(received)), received);
    EXPECT_EQ(to_json(collect_options_from_json(collected)), collected);
    EXPECT_EQ(to_json(tree_stats_from_json(stats)), stats);
}

TEST(Messages, BringHostPathsBack)
{
    const json sent = to_json(HostPath{.name = "/srv/files", .writable = true, .layer = true});

    EXPECT_EQ(to_json(host_path_from_json(sent)), sent);
}

} // namespace
} // namespace caisson::sandbox
