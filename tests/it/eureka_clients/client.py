"""Registers with a Discovery Service by the client of PyPI and says what it sees. Arguments: port, instance id. A line of standard input is a
command: "down", "up", "stop"."""
import asyncio, logging, sys, threading
from py_eureka_client import eureka_client

logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(levelname)s %(message)s")


def say(text):
    print(text, flush=True)


def failed(kind, error):
    say(f"failed {kind}: {error}")


async def main():
    port, instance_id = sys.argv[1:]
    client = await eureka_client.init_async(
        eureka_server=f"http://localhost:{port}/eureka/", app_name="pyclient", instance_id=instance_id, instance_host="localhost",
        instance_ip="127.0.0.1", instance_port=7201, renewal_interval_in_secs=1, duration_in_secs=4, on_error=failed,
        metadata={"apiml.service.title": "A <title> & more"})
    say("started")
    commands = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(commands.put_nowait, line.strip())

    threading.Thread(target=read, daemon=True).start()
    seen = None
    while True:
        instances = sorted(f"{app.name}:{one.status}" for app in client.applications.applications for one in app.instances)
        if instances != seen:
            say(f"sees [{' '.join(instances)}]")
            seen = instances
        try:
            command = await asyncio.wait_for(commands.get(), 0.05)
        except asyncio.TimeoutError:
            continue
        if command == "down":
            await client.status_update("DOWN")
        elif command == "up":
            await client.delete_status_override()
        elif command == "vip":
            say(f"vip {len((await eureka_client.get_vip(f'http://localhost:{port}/eureka/', 'pyclient')).applications)}")
        else:
            await eureka_client.stop_async()
            say("stopped")
            return


asyncio.run(main())
