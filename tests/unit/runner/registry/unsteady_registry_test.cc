// Registries that stall, cut off, are busy, or send something else than was asked for.

#include "pull_fixture.hh"

#include <atomic>
#include <gmock/gmock.h>

namespace caisson::runner {
namespace {

using caisson::testing::HttpServer;
using ::testing::HasSubstr;

class Unsteady : public Pull {
protected:
    std::string layer = std::string(100'000, 'a') + std::string(100'000, 'b');
    int times = 0; ///< the layer was asked for

    void SetUp() override
    {
        Pull::SetUp();
        manifest["layers"] = nlohmann::json::array({add_blob(layer, kOciLayerGzip)});
        use_manifest();
        access.retry.tries = 4;
    }
    std::string answer(const std::string& head) override
    {
        return path_of(head) == blob_path(layer) ? answer_layer(head, ++times) : Pull::answer(head);
    }
    virtual std::string answer_layer(const std::string& head, int time) = 0;

    /// The first byte that a request wants.
    static std::size_t first_byte(const std::string& head)
    {
        constexpr std::string_view kRange = "Range: bytes=";
        const std::size_t at = head.find(kRange);
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + kRange.size()));
    }
    [[nodiscard]] std::string rest(std::size_t from) const
    {
        return HttpServer::response("206 Partial Content",
                                    layer.substr(from),
                                    "Content-Range: bytes " + std::to_string(from) + "-" +
                                        std::to_string(layer.size() - 1) + "/" +
                                        std::to_string(layer.size()) + "\r\n");
    }
    /// Half of what was promised, then the connection ends.
    [[nodiscard]] static std::string cut(const std::string& whole)
    {
        return whole.substr(0, whole.size() - 70'000);
    }
    void expect_whole() { EXPECT_EQ(store->read_blob(pull_app().layers.at(0).blob.digest), layer); }
};

class CutsOff : public Unsteady {
    std::string answer_layer(const std::string& head, int time) override
    {
        const std::string whole =
            first_byte(head) == 0 ? HttpServer::response("200 OK", layer) : rest(first_byte(head));
        return time < 3 ? cut(whole) : whole;
    }
};
TEST_F(CutsOff, IsTakenUpWhereItBroke)
{
    expect_whole();
    EXPECT_EQ(times, 3);
    EXPECT_THAT(server->requests().back(), HasSubstr("Range: bytes="));
}

class CutsOffAndForgets : public Unsteady {
    std::string answer_layer(const std::string&, int time) override
    {
        const std::string whole = HttpServer::response("200 OK", layer);
        return time < 3 ? cut(whole) : whole;
    }
};
TEST_F(CutsOffAndForgets, MaySendTheWholeAgain)
{
    expect_whole();
}

class SendsAnotherPart : public Unsteady {
    std::string answer_layer(const std::string& head, int) override
    {
        return first_byte(head) == 0 ? cut(HttpServer::response("200 OK", layer))
                                     : rest(first_byte(head) - 1);
    }
};
TEST_F(SendsAnotherPart, IsRefused)
{
    EXPECT_THAT(refused(), HasSubstr("were asked for"));
}

class SendsAnotherPartUnderThatName : public Unsteady {
    std::string answer_layer(const std::string& head, int) override
    {
        if (first_byte(head) == 0) return cut(HttpServer::response("200 OK", layer));
        std::string part = rest(first_byte(head));
        part.back() = 'X';
        return part;
    }
};
TEST_F(SendsAnotherPartUnderThatName, IsFoundByTheDigest)
{
    EXPECT_THAT(refused(), HasSubstr("its bytes have the digest"));
}

class AlwaysCutsOff : public Unsteady {
    std::string answer_layer(const std::string&, int) override
    {
        return cut(HttpServer::response("200 OK", layer)).substr(0, 300);
    }
};
TEST_F(AlwaysCutsOff, IsGivenUp)
{
    EXPECT_THAT(refused(), HasSubstr(attest::Digest::of(layer).text()));
    EXPECT_EQ(times, access.retry.tries);
}

class IsBusy : public Unsteady {
    std::string answer_layer(const std::string&, int time) override
    {
        if (time == 1) return HttpServer::response("429 Too Many", "", "Retry-After: 0\r\n");
        return time == 2 ? HttpServer::response("503 Busy", "")
                         : HttpServer::response("200 OK", layer);
    }
};
TEST_F(IsBusy, IsAskedAgain)
{
    expect_whole();
    EXPECT_EQ(times, 3);
}

class LimitsRates : public Unsteady {
    std::string answer_layer(const std::string&, int) override
    {
        return HttpServer::response("429 Too Many Requests",
                                    R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow"}]})",
                                    "Retry-After: 7200\r\n");
    }
};
TEST_F(LimitsRates, IsNotWaitedForForHours)
{
    const std::string error = refused();
    EXPECT_THAT(error, HasSubstr("429 (TOOMANYREQUESTS: slow)"));
    EXPECT_THAT(error, HasSubstr("7200"));
    EXPECT_EQ(times, 1);
}

class Stalls : public Unsteady {
    std::string answer_layer(const std::string&, int time) override
    {
        if (time > 1) return HttpServer::response("200 OK", layer);
        std::this_thread::sleep_for(std::chrono::seconds(3));
        return {};
    }
};
TEST_F(Stalls, IsAskedAgainAfterAWhile)
{
    access.standstill = std::chrono::seconds(1);
    expect_whole();
    EXPECT_GE(times, 2);
}

class ChangesTheTag : public Pull {
protected:
    int times = 0;
    std::string answer(const std::string& head) override
    {
        std::string whole = Pull::answer(head);
        if (path_of(head) == "/v2/app/manifests/1" && ++times == 1) {
            manifest["annotations"] = {{"moved", "yes"}};
            use_manifest(); // the tag means something else from now on
        }
        return whole;
    }
};
TEST_F(ChangesTheTag, AndTheImageIsTheOneThatItMeantFirst)
{
    const attest::Digest first = attest::Digest::of(manifest_text);
    EXPECT_EQ(pull_app().manifest.digest, first);
    EXPECT_NE(attest::Digest::of(manifest_text), first);
}

TEST_F(Pull, TakesManyLayersAtOnceAndOneOfThemOnce)
{
    manifest["layers"] = nlohmann::json::array();
    nlohmann::json diff_ids = nlohmann::json::array();
    for (int layer = 0; layer < 40; ++layer) {
        manifest["layers"].push_back(
            add_blob("layer " + std::to_string(layer % 30), kOciLayerGzip));
        diff_ids.push_back(attest::Digest::of("tar" + std::to_string(layer % 30)).text());
    }
    const nlohmann::json config = {{"architecture", host_architecture()},
                                   {"os", "linux"},
                                   {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
    manifest["config"] = add_blob(config.dump(), kOciConfig);
    use_manifest();
    EXPECT_EQ(pull_app().layers.size(), 40U);
    EXPECT_EQ(server->requests().size(), 32U);
}

TEST_F(Pull, EndsWithTheErrorOfTheLayerThatFailed)
{
    manifest["layers"] = nlohmann::json::array();
    nlohmann::json diff_ids = nlohmann::json::array();
    for (int layer = 0; layer < 12; ++layer) {
        manifest["layers"].push_back(add_blob("layer " + std::to_string(layer), kOciLayerGzip));
        diff_ids.push_back(attest::Digest::of("tar").text());
    }
    const nlohmann::json config = {{"architecture", host_architecture()},
                                   {"os", "linux"},
                                   {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
    manifest["config"] = add_blob(config.dump(), kOciConfig);
    use_manifest();
    answers[blob_path("layer 7")] = HttpServer::response("200 OK", "LAYER 7");
    EXPECT_THAT(refused(),
                ::testing::AllOf(HasSubstr(attest::Digest::of("layer 7").text()),
                                 HasSubstr("its bytes have the digest")));
}

} // namespace
} // namespace caisson::runner
