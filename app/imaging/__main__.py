"""Entry of the child: ``python -I app/imaging``, which imports nothing of the application.

The real ``app`` package would bring Flask along; a stand-in with its name and folder makes
``app.imaging`` importable in a few milliseconds.
"""

import sys
from pathlib import Path
from types import ModuleType

house = ModuleType("app")
house.__path__ = [str(Path(__file__).resolve().parent.parent)]
sys.modules["app"] = house

from app.imaging.child import main  # noqa: E402

sys.exit(main())
