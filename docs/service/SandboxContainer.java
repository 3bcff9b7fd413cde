import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** The sandbox for tests in Java: a container of the image qftools-sandbox. */
class SandboxContainer extends GenericContainer<SandboxContainer> {
    SandboxContainer() {
        super("qftools-sandbox");
        withEnv("QFTOOLS_APP_CODE", "SHOP");
        withEnv("QFTOOLS_CLIENT_KEY", "0123456789ABCDEF0123456789ABCDEF");
        withEnv("QFTOOLS_CONTROL_TOKEN", "only-for-these-tests");
        withExposedPorts(8787);
        waitingFor(Wait.forHttp("/healthz"));
    }

    /** What your shop calls instead of https://openapi-hk.qfapi.com. */
    String url() {
        return "http://" + getHost() + ":" + getMappedPort(8787);
    }
}
