#include "http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace vaso::cli {
namespace {

constexpr long connect_seconds = 10, answer_seconds = 120;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t append(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

class Server {
 public:
  explicit Server(std::string uri) : uri_(std::move(uri)), handle_(curl_easy_init(), curl_easy_cleanup) {
    while (uri_.ends_with('/')) uri_.pop_back();
    if (handle_ == nullptr) throw std::bad_alloc();
  }

  exporting::HttpReply call(const std::string& path, const std::map<std::string, std::string>& query,
                            const std::string& json) {
    CURL* const curl = handle_.get();
    curl_easy_reset(curl);
    std::string url = uri_ + path, separator = "?";
    for (const auto& [name, value] : query) {
      const std::unique_ptr<char, decltype(&curl_free)> escaped(
          curl_easy_escape(curl, value.data(), static_cast<int>(value.size())), curl_free);
      url += separator + name + "=" + escaped.get();
      separator = "&";
    }
    exporting::HttpReply reply;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, answer_seconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_slist* list = curl_slist_append(nullptr, "Content-Type: application/json");
    if (query.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.c_str());
    const std::string token = environment("MLFLOW_TRACKING_TOKEN"), user = environment("MLFLOW_TRACKING_USERNAME"),
                      password = environment("MLFLOW_TRACKING_PASSWORD");
    if (!token.empty()) {
      list = curl_slist_append(list, ("Authorization: Bearer " + token).c_str());
    } else if (!user.empty()) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, user.c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, password.c_str());
    }
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (const CURLcode code = curl_easy_perform(curl); code != CURLE_OK) {
      throw std::runtime_error(fmt::format(
          "no MLflow server answers at {}: {}. Start one with `mlflow server --port 5000`, or name another with --uri.",
          uri_, curl_easy_strerror(code)));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return reply;
  }

 private:
  std::string uri_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
};

}  // namespace

exporting::HttpCall http_server(const std::string& uri) {
  return
      [server = std::make_shared<Server>(uri)](const std::string& path, const std::map<std::string, std::string>& query,
                                               const std::string& json) { return server->call(path, query, json); };
}

}  // namespace vaso::cli
