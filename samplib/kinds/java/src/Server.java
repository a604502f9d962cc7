import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The service of the component @NAME@. What is configured comes as ZWE_configs_(property). */
public class Server {
    private static void answer(HttpExchange exchange, String greeting, String openapi) throws IOException {
        int status = 200;
        String body;
        switch (exchange.getRequestURI().getPath()) {
            case "/":
                body = "{\"greeting\": \"" + greeting.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
                break;
            case "/application/health":
                body = "{\"status\": \"UP\"}";
                break;
            case "/openapi":
                body = openapi;
                break;
            default:
                status = 404;
                body = "{\"error\": \"there is nothing here\"}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(System.getenv("ZWE_configs_port"));
        String greeting = System.getenv("ZWE_configs_greeting");
        String openapi = new String(Files.readAllBytes(Path.of("api/openapi.json")), StandardCharsets.UTF_8);
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(port), 0);
        } catch (IOException error) {
            System.out.println("@NAME@ cannot listen on port " + port + ": " + error.getMessage());
            System.exit(8);
            return;
        }
        server.createContext("/", exchange -> answer(exchange, greeting, openapi));
        server.start();
        System.out.println("@NAME@ listens on port " + port);
    }
}
