"""What the bench found and what was done about it: the value of a row before the change.

The value after it is never written here: the page takes it from results.json.
"""

from __future__ import annotations

from dataclasses import dataclass

from qftools.catalogue import Text


@dataclass(frozen=True, slots=True)
class Mended:
    """A change that a row of the bench asked for.

    Attributes:
        row: The key of the row.
        before: Its median before the change, measured as it is now.
        what: What was changed, and why that was it.
    """

    row: str
    before: float
    what: Text


MENDED = (
    Mended(
        "serve-moto",
        4.585,
        Text(
            "请求不再经队列交给线程，读到就答；时钟线程只在快到期时才被叫醒；"
            "沙盒进程里垃圾回收少跑",
            "requests are answered in the loop that reads them, with no queue and no thread; the "
            "clock's thread is woken only when something is due; the garbage collector rests",
        ),
    ),
    Mended(
        "import-client",
        1.207,
        Text(
            "目录的表和行类型到用时才加载",
            "the catalogue's tables and row types are loaded when they are first asked for",
        ),
    ),
    Mended(
        "start-localstripe",
        0.5235,
        Text(
            "命令行只加载要运行的那一个命令；数据文件按路径读，不再经 importlib.resources",
            "the command line loads the one command that is run, and data files are read by "
            "their place, without importlib.resources",
        ),
    ),
    Mended(
        "command-version",
        7.95,
        Text(
            "版本号在加载命令行（click）之前就说出；只有真装着另一个同名项目时才加载 "
            "importlib.metadata",
            "the version is told before the command line (click) is loaded, and "
            "importlib.metadata only where the other project of that name is installed",
        ),
    ),
    Mended(
        "command-sign",
        0.55,
        Text(
            "命令用到时才加载 json、pathlib、shlex、shutil，用到时才编译断行的正则表达式",
            "json, pathlib, shlex and shutil are loaded, and the pattern that folds lines is "
            "compiled, by the command that needs them",
        ),
    ),
    Mended(
        "command-explain",
        20.3,
        Text(
            "输出没有颜色时不加载 rich；没有请求可读时才加载认句子的规则",
            "rich is loaded where colours can be shown, and the rules that read sentences where "
            "a paste holds no request",
        ),
    ),
    Mended(
        "prove",
        11.8,
        Text(
            "日志的读写函数只做一次；一次往返只查一遍有没有密钥；一个应答只做一个新状态；"
            "日志里的一笔在一个事务里写下并占用；裁判少读日志；五种剧本一起排队。"
            "前后交替测量各 5,000 个剧本，在负载 8 的双核机器上：12.9 min 变 10.9 min",
            "what reads and writes the journal's records is made once; a request and its reply "
            "are searched for secrets once; an answer makes one new state, not three; an entry "
            "of the journal is written and claimed in one transaction; the judge reads it less "
            "often; all kinds are queued at once. 5,000 schedules each, by turns, on two cores "
            "with a load of 8: from 12.9 min to 10.9 min",
        ),
    ),
    Mended(
        "panel-press",
        1.889,
        Text(
            "一次按键只写一遍面板（原来两遍），写过的步骤不再重写；取一次付款的报文，"
            "不必把客户端留着的一百次都脱敏；为“退一步”存的快照不再复制没有变化的订单",
            "a press writes the panel once, not twice, and no step a second time; one exchange "
            "is redacted for a payment, not the hundred that the client keeps; the snapshot "
            "for the way back copies no order that nothing has happened to",
        ),
    ),
    Mended(
        "lesson-first",
        19.43,
        Text(
            "课程一开始要加载的模块预先编译成字节码，内核自己的包不再逐个安装。"
            "前后在负载 10 到 12 的双核机器上接连测量：19.4 s 变 11.6 s",
            "what a lesson loads to begin with comes as byte code, and the kernel's own packages "
            "are no longer installed one by one. One after the other on two cores with a load of "
            "10 to 12: from 19.4 s to 11.6 s",
        ),
    ),
    Mended(
        "lesson-again",
        14.39,
        Text("同上：14.4 s 变 9.6 s", "the same: from 14.4 s to 9.6 s"),
    ),
    Mended(
        "lesson-bytes",
        18.48,
        Text(
            "课程用不到的不再下载：jedi 里别人的包的类型存根、没人用的高亮语言、只有终端才用的包",
            "what no lesson reads stays out: stubs of other people's packages in jedi, lexers "
            "that nobody calls, packages that only a terminal needs",
        ),
    ),
)
