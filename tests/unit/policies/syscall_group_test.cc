#include "policies/syscall_group.hh"
#include "sandbox/base/error.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::policies {
namespace {

using ::testing::HasSubstr;

std::string complaint(const std::string& calls)
{
    try {
        (void)parse_syscall_group(R"({"name": "g", "why": "w", "calls": [)" + calls + "]}", "g");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "accepted";
}

TEST(SyscallGroup, ReadsActionsAndConditions)
{
    const SyscallGroup group = parse_syscall_group(R"({"name": "g", "why": "w", "calls": [
        {"name": "read", "why": "r"},
        {"name": "clone3", "action": "errno", "error": 38, "why": "c"},
        {"name": "socket", "arguments": [
            {"index": 0, "compare": "&==", "mask": 4294967295, "value": 16},
            {"index": 2, "compare": "<", "value": 3}], "why": "s"}]})",
                                                   "g");

    ASSERT_EQ(group.calls.size(), 3U);
    EXPECT_EQ(group.calls[0].action, "allow");
    EXPECT_EQ(group.calls[1].action, "errno");
    EXPECT_EQ(group.calls[1].error, 38);
    ASSERT_EQ(group.calls[2].arguments.size(), 2U);
    EXPECT_EQ(group.calls[2].arguments[0].mask, 4294967295U);
    EXPECT_EQ(group.calls[2].arguments[1].compare, "<");
    EXPECT_EQ(group.calls[2].arguments[1].mask, ~0ULL);
}

TEST(SyscallGroup, RefusesACallWithoutAReason)
{
    EXPECT_THAT(complaint(R"({"name": "read"})"), HasSubstr("lacks the key \"why\""));
    EXPECT_THAT(complaint(R"({"name": "read", "why": ""})"), HasSubstr("must have 1 to"));
}

TEST(SyscallGroup, MayAnswerACallAsDone)
{
    EXPECT_EQ(complaint(R"({"name": "a", "why": "w", "action": "errno", "error": 0})"), "accepted");
}

TEST(SyscallGroup, RefusesWhatCannotHoldOrMeansNothing)
{
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w", "action": "errno"})"),
                HasSubstr("lacks the key \"error\""));
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w", "action": "errno", "error": 4096})"),
                HasSubstr("from 0 to 4095"));
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w", "error": 1})"), HasSubstr("goes with"));
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w", "action": "kill"})"),
                HasSubstr("must be one of \"allow\", \"errno\""));
    const auto with_test = [](const std::string& test) {
        return complaint(R"({"name": "a", "why": "w", "arguments": [)" + test + "]}");
    };
    EXPECT_THAT(with_test(R"({"index": 6, "compare": "==", "value": 1})"),
                HasSubstr("from 0 to 5"));
    EXPECT_THAT(with_test(R"({"index": 0, "compare": "=", "value": 1})"), HasSubstr("must be one"));
    EXPECT_THAT(with_test(R"({"index": 0, "compare": "==", "value": 1, "mask": 1})"),
                HasSubstr("goes with \"&==\" and"));
    EXPECT_THAT(with_test(R"({"index": 0, "compare": "&==", "value": 3, "mask": 1})"),
                HasSubstr("outside its mask"));
    EXPECT_EQ(with_test(R"({"index": 0, "compare": ">", "value": 3},
                           {"index": 0, "compare": "<", "value": 5})"),
              "accepted");
}

TEST(SyscallGroup, RefusesAnEntryThatIsNeverAsked)
{
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w"}, {"name": "a", "why": "w"})"),
                HasSubstr("never asked"));
    EXPECT_THAT(complaint(R"({"name": "a", "why": "w"},
                             {"name": "a", "action": "errno", "error": 1, "why": "w", "arguments":
                              [{"index": 1, "compare": "==", "value": 5}]})"),
                HasSubstr("never asked"));
    // the refusal of all the rest
    EXPECT_EQ(complaint(R"({"name": "a", "why": "w", "arguments":
                              [{"index": 1, "compare": "==", "value": 4}]},
                             {"name": "a", "action": "errno", "error": 1, "why": "w"})"),
              "accepted");
}

} // namespace
} // namespace caisson::policies
