#include "http.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <string>
#include <thread>

using namespace vaso;

namespace {

// Answers one request on the loopback interface and keeps what it was sent.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(socket_, 1) == 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    uri = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, answer] { serve(answer); });
  }
  ~OneAnswer() {
    wait();
    close(socket_);
  }
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

  std::string uri, request;

 private:
  void serve(const std::string& answer) {
    const int peer = accept(socket_, nullptr, nullptr);
    char buffer[4096];
    const auto complete = [&] {
      const std::size_t head = request.find("\r\n\r\n");
      const std::size_t length = request.find("Content-Length: ");
      return head != std::string::npos &&
             (length == std::string::npos || request.size() >= head + 4 + std::stoul(request.substr(length + 16)));
    };
    while (!complete()) {
      const ssize_t count = read(peer, buffer, sizeof buffer);
      if (count <= 0) break;
      request.append(buffer, static_cast<std::size_t>(count));
    }
    (void)!write(peer, answer.data(), answer.size());
    close(peer);
  }

  int socket_;
  std::thread thread_;
};

constexpr const char* created = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a POST carries JSON, and its answer comes back") {
    OneAnswer server(created);
    const exporting::HttpReply reply = cli::http_server(server.uri + "/")("/api/x", {}, R"({"name": "ä"})");
    server.wait();
    CHECK(reply.status == 200);
    CHECK(reply.body == "{\"a\": 1}");
    CHECK(server.request.starts_with("POST /api/x HTTP/1.1\r\n"));
    CHECK(server.request.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(server.request.ends_with("\r\n\r\n{\"name\": \"ä\"}"));
  }

  TEST_CASE("a query is a GET, escaped; a refusal keeps its status and words") {
    OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    const exporting::HttpReply reply = cli::http_server(server.uri)("/get", {{"experiment_name", "a & b=c"}}, "");
    server.wait();
    CHECK(reply.status == 404);
    CHECK(reply.body == "none");
    CHECK(server.request.starts_with("GET /get?experiment_name=a%20%26%20b%3Dc HTTP/1.1\r\n"));
  }

  TEST_CASE("credentials are sent as MLflow's own clients send them") {
    setenv("MLFLOW_TRACKING_TOKEN", "secret", 1);
    OneAnswer server(created);
    cli::http_server(server.uri)("/x", {}, "{}");
    server.wait();
    unsetenv("MLFLOW_TRACKING_TOKEN");
    CHECK(server.request.find("Authorization: Bearer secret\r\n") != std::string::npos);
  }

  TEST_CASE("where no server answers, the address and what to do are said") {
    std::string uri;
    {
      OneAnswer gone(created);
      uri = gone.uri;
      cli::http_server(uri)("/x", {}, "{}");
    }
    CHECK_THROWS_WITH_AS(cli::http_server(uri)("/x", {}, "{}"), doctest::Contains("mlflow server --port"),
                         std::runtime_error);
  }
}
