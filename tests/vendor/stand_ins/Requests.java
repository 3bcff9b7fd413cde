import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;

/** Stand-in for a class that the vendor's sample calls but its page does not show. */
public final class Requests {
    private Requests() {}

    /** Posts the very text that was signed, blanks and colons unencoded, as the vendor's does. */
    public static String sendPostRequest(String url, String data, String appcode, String key) {
        try {
            HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
            connection.setRequestMethod("POST");
            connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
            connection.setRequestProperty("X-QF-APPCODE", appcode);
            connection.setRequestProperty("X-QF-SIGN", QFPayUtils.getMd5Value(data + key));
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(data.getBytes(StandardCharsets.UTF_8));
            }
            try (InputStream in = connection.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }
}
