#include "runner/job/step_error.hh"
#include "sandbox/plan.hh"

#include <gtest/gtest.h>
#include <set>

namespace caisson::runner {
namespace {

using sandbox::Outcome;
using Kind = Outcome::Kind;

std::string text_of(Kind kind, const sandbox::Limits& limits)
{
    Outcome outcome{.kind = kind};
    sandbox::name_limit(outcome, limits);
    return verdict_text(outcome);
}

TEST(Verdict, NamesTheLimitItsAmountAndThePolicysKey)
{
    EXPECT_EQ(text_of(Kind::kOutOfMemory, {.memory_bytes = 2ULL << 30}),
              "killed: memory 2 GiB, policy limits.memory_bytes");
    EXPECT_EQ(text_of(Kind::kTooManyProcesses, {.processes = 4096}),
              "killed: processes 4096, policy limits.processes");
    EXPECT_EQ(text_of(Kind::kTooMuchCpu, {.cpu_time = std::chrono::seconds(90)}),
              "killed: processor time 90 s, policy limits.cpu_seconds");
    EXPECT_EQ(text_of(Kind::kTooMuchDisk, {.disk_bytes = (1ULL << 30) + (1ULL << 20)}),
              "killed: disk 1025 MiB, policy limits.disk_bytes");
    EXPECT_EQ(text_of(Kind::kTooManyFiles, {.disk_files = 1000}),
              "killed: files 1000, policy limits.disk_files");
    EXPECT_EQ(text_of(Kind::kTooMuchOutput, {.output_bytes = 1000}),
              "killed: output 1000 bytes, policy limits.output_bytes");
    EXPECT_EQ(text_of(Kind::kTimedOut, {.step_time = std::chrono::seconds(3600)}),
              "killed: time 3600 s, policy limits.step_seconds");
}

TEST(StepOutput, SpeaksOfTheNetworkInManyWords)
{
    for (const char* line : {"nc: can't connect to remote host (192.0.2.1): Network is unreachable",
                             "curl: (6) Could not resolve host: example.org",
                             "Temporary failure resolving 'deb.example.org'",
                             "npm error code EAI_AGAIN",
                             "dial tcp: lookup example.org: Temporary failure in name resolution",
                             "wget: bad address 'example.org'"})
        EXPECT_TRUE(speaks_of_network(line)) << line;
    for (const char* line : {"tail: out of memory", "make: *** [all] Error 2", "No such file"})
        EXPECT_FALSE(speaks_of_network(line)) << line;
}

TEST(Verdict, HasAWordOfItsOwnForEachEnd)
{
    std::set<std::string> words;
    for (int kind = 0; kind <= static_cast<int>(Kind::kTooManyFiles); ++kind)
        EXPECT_TRUE(words.insert(verdict_word(static_cast<Kind>(kind))).second) << kind;
    EXPECT_FALSE(words.contains("unknown"));
}

} // namespace
} // namespace caisson::runner
