#include "sandbox/base/error.hh"
#include "sandbox/cell/user.hh"

#include <gtest/gtest.h>

namespace caisson::sandbox {
namespace {

constexpr const char* kPasswd = "root:x:0:0:root:/root:/bin/sh\n"
                                "app:x:1000:100::/:/bin/sh\n"
                                "app:x:1:1::/:/bin/sh\n"
                                "7:x:70:70::/:/bin/sh\n";
constexpr const char* kGroup = "root:x:0:\n"
                               "staff:x:50:app,other\n"
                               "audio:x:29:root,app\n"
                               "8:x:80:\n";

User look_up(std::string_view spec,
             std::string_view passwd = kPasswd,
             std::string_view group = kGroup)
{
    return look_up_user(spec, passwd, group);
}

TEST(User, IsRootByDefaultWithRootsGroups)
{
    const User user = look_up("");
    EXPECT_EQ(user.uid, 0U);
    EXPECT_EQ(user.gid, 0U);
    EXPECT_EQ(user.groups, std::vector<gid_t>{29});
}

TEST(User, IsFoundByNameTheFirstLineCounts)
{
    const User user = look_up("app");
    EXPECT_EQ(user.uid, 1000U);
    EXPECT_EQ(user.gid, 100U);
    EXPECT_EQ(user.groups, (std::vector<gid_t>{50, 29}));
}

TEST(User, IsFoundByNumberWithTheGroupsOfItsName)
{
    const User user = look_up("1000");
    EXPECT_EQ(user.gid, 100U);
    EXPECT_EQ(user.groups, (std::vector<gid_t>{50, 29}));
}

TEST(User, MayBeANumberThatNobodyListed)
{
    const User user = look_up("4000");
    EXPECT_EQ(user.uid, 4000U);
    EXPECT_EQ(user.gid, 0U);
    EXPECT_TRUE(user.groups.empty());
}

TEST(User, HasNoOtherGroupsThanTheOneNamed)
{
    EXPECT_EQ(look_up("app:staff").gid, 50U);
    EXPECT_TRUE(look_up("app:staff").groups.empty());
    EXPECT_EQ(look_up("app:4000").gid, 4000U);
    EXPECT_EQ(look_up(":staff").uid, 0U);
    EXPECT_EQ(look_up(":staff").gid, 50U);
}

TEST(User, MustBeListedIfNamed)
{
    EXPECT_THROW((void)look_up("nobody"), Error);
    EXPECT_THROW((void)look_up("app:nobody"), Error);
    EXPECT_THROW((void)look_up("app", ""), Error);
}

TEST(User, StaysInsideTheIdsOfACell)
{
    EXPECT_THROW((void)look_up("65536"), Error);
    EXPECT_THROW((void)look_up("4294967296"), Error);
    EXPECT_THROW((void)look_up("0:65536"), Error);
    EXPECT_THROW((void)look_up("big", "big:x:70000:0::/:\n"), Error);
    EXPECT_EQ(look_up("65535").uid, 65535U);
}

TEST(User, IsReadFromHostileFiles)
{
    constexpr char kText[] = "\n:::\nroot\nroot:x\nroot:x:abc:0\napp:x:-1:0::\n\0app:x:9:9\n"
                             "app:x:12:34";
    const std::string_view nonsense(kText, sizeof kText - 1);
    EXPECT_EQ(look_up("app", nonsense).uid, 12U);
    EXPECT_EQ(look_up("app", nonsense).gid, 34U);
}

} // namespace
} // namespace caisson::sandbox
