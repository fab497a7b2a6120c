#include "runner/dockerfile/parser.hh"
#include "runner/graph/stages.hh"
#include "sandbox/base/error.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::map<std::string, std::string> kNoArgs;

std::vector<std::string> names_needed(std::string_view text, std::string_view target = {})
{
    const Dockerfile dockerfile = parse_dockerfile(text, "Dockerfile");
    BuildArgs args(kNoArgs);
    for (const Instruction& arg : dockerfile.global_args)
        args.declare_global(std::get<Arg>(arg.what), dockerfile.escape);
    std::vector<std::string> names;
    for (const NeededStage& stage : select_stages(dockerfile, target, args, "Dockerfile"))
        names.push_back(stage.name);
    return names;
}

std::string refusal(std::string_view text, std::string_view target = {})
{
    try {
        names_needed(text, target);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "nothing was refused";
}

TEST(Stages, AreOnlyThoseTheTargetNeedsEachAfterWhatItNeeds)
{
    constexpr const char* kText = "FROM scratch AS a\nFROM scratch AS unused\nFROM a AS b\nFROM "
                                  "scratch\nCOPY --from=b /x /x\n";

    EXPECT_THAT(names_needed(kText), ElementsAre("a", "b", "stage-3"));
    EXPECT_THAT(names_needed(kText, "unused"), ElementsAre("unused"));
    EXPECT_THAT(names_needed(kText, "B"), ElementsAre("a", "b"));
    EXPECT_THAT(names_needed(kText, "0"), ElementsAre("a"));
}

TEST(Stages, AreFoundByNumberInCopyButNotInFrom)
{
    EXPECT_THAT(names_needed("FROM scratch\nFROM scratch\nCOPY --from=0 / /\n"),
                ElementsAre("stage-0", "stage-1"));
    EXPECT_THAT(names_needed("FROM scratch\nFROM 0\n"),
                ElementsAre("stage-1")); // an image called 0
}

TEST(Stages, TakeTheirBaseFromGlobalArguments)
{
    EXPECT_THAT(names_needed("ARG base=tools\nFROM scratch AS tools\nFROM ${base} AS app\n"),
                ElementsAre("tools", "app"));
    EXPECT_THAT(refusal("ARG base\nFROM $base\n"),
                HasSubstr("Dockerfile:2: FROM $base names nothing"));
}

TEST(Stages, RefuseWhatIsNotThere)
{
    EXPECT_THAT(refusal("FROM scratch AS tools\n", "toosl"),
                HasSubstr("target stage \"toosl\" is not in Dockerfile (hint: stages: tools)"));
    EXPECT_THAT(refusal("FROM scratch AS a\nCOPY --from=b /x /x\nFROM scratch AS b\n", "a"),
                HasSubstr("stage \"b\" comes later"));
    EXPECT_THAT(refusal("FROM scratch AS a\nCOPY --from=a /x /x\n"),
                HasSubstr("stage \"a\" comes later or is this one"));
}

} // namespace
} // namespace caisson::runner
