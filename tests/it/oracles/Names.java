// What Java's own TLS says of the names of certificates: for each line "FILE HOST" of the standard input, yes or no.
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import sun.security.util.HostnameChecker;

public class Names {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ", 2);
            try (FileInputStream file = new FileInputStream(parts[0])) {
                X509Certificate certificate = (X509Certificate) factory.generateCertificate(file);
                HostnameChecker.getInstance(HostnameChecker.TYPE_TLS).match(parts[1], certificate);
                System.out.println("yes");
            } catch (CertificateException refused) {
                System.out.println("no");
            }
        }
    }
}
